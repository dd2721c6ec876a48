import type { Deps } from '../../src/flows/deps.ts'
import { DAY, type Harness, MINUTE } from '../support/harness.ts'
import { mortalProcess } from './support/mortal-process.ts'
import { tickOf } from './support/ticks.ts'

export type Subject = { id: string; app: string }

/** A piece of work during which a process is killed at every point, and what is there before it. */
export type Scenario = {
  name: string
  grace?: string
  /** It is made with the option `--next`. */
  next?: true
  tokenLife?: string
  plan?: string
  /** Settings of the service. */
  env?: Record<string, string>
  /** Brings the add-on to where the work begins; the clock stands there then. */
  prepare: (h: Harness, addon: Subject) => Promise<void>
  /** The work of the process that dies. */
  work: (deps: Deps, addon: Subject) => Promise<unknown>
  /** What whoever asked for the work does when no answer came: asks again. A tick needs nobody to ask. */
  again?: (deps: Deps, addon: Subject) => Promise<unknown>
  /** What the history may tell once more or less after a crash. */
  notCompared?: string[]
  /** Its rotation waits for a window. */
  endsWaiting?: true
  /** Heroku refuses for good. */
  endsStuck?: true
}

export const actor = { type: 'operator' } as const

/** Longer than any lease, shorter than the time to the first check. */
export const UNTIL_TAKEOVER_MS = 2 * MINUTE

/** One rotation lies behind the add-on. */
export async function rotated(h: Harness): Promise<void> {
  h.clock.advance(14 * DAY)
  await tickOf(h.deps)
}

/** A worker that dies at that point of the tick, and the time until its lease is over. */
export async function workerThatDied(h: Harness, point: string): Promise<void> {
  const mortal = mortalProcess(h.deps, h.databaseUrl, { name: point, nth: 1 })
  if (await mortal.live((deps) => tickOf(deps))) throw new Error(`the worker did not pass "${point}"`)
  await mortal.end()
  h.clock.advance(UNTIL_TAKEOVER_MS)
}

/** Heroku says twice that it does not know the add-on: its rotation is stuck. */
export async function stuck(h: Harness, id: string): Promise<void> {
  h.heroku.faults.add({ match: { method: 'PATCH', addon: id }, kind: 'status', status: 404, times: 2 })
  await tickOf(h.deps)
  h.clock.advance(5 * MINUTE)
  await tickOf(h.deps)
}
