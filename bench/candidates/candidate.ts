import type { OwnKeyOrder } from '../support/own-key.ts'

/** What a candidate's process is told: where its database and Heroku are, and what it has to do. */
export type CandidateOrder = {
  url: string
  herokuUrl: string
  /** Most calls to Heroku at a time. */
  inFlight: number
  count: number
  /** `prepare`: put tables and jobs into the database that the rounds are copied from, nothing more. */
  stage: 'prepare' | 'run'
  /** The key of a customer that protects all of it: its data keys are opened and cached before the start. */
  ownKey?: OwnKeyOrder
}

/** What a run came to. Time counts from the start signal to the last promotion. */
export type CandidateRun = { elapsedMs: number; cpuMs: number; done: number; residentMb: number }

/** Measures time and CPU of this process while `work` goes on; it answers how many rotations were done. */
export async function measured(work: () => Promise<number>): Promise<CandidateRun> {
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  const done = await work()
  const elapsedMs = performance.now() - startedAt
  const cpu = process.cpuUsage(cpuBefore)
  return {
    elapsedMs,
    cpuMs: (cpu.user + cpu.system) / 1_000,
    done,
    residentMb: process.memoryUsage.rss() / 2 ** 20,
  }
}
