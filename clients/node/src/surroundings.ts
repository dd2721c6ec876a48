import { randomBytes } from 'node:crypto'
import { isMainThread, threadId } from 'node:worker_threads'

/** What a process is: its environment, its clock, when it started, and how it warns. Options replace each of them. */
export const surroundings = {
  env: (): Readonly<Record<string, string | undefined>> => process.env,
  now: (): number => Date.now(),
  /** By the same clock as `now`. */
  startedAt: (): number => Date.now() - process.uptime() * 1_000,
  fetch: (url: string, init: RequestInit): Promise<Response> => fetch(url, init),
  /** Worker threads of a process hold rings of their own. */
  processId: (): string => (isMainThread ? `${process.pid}` : `${process.pid}.${threadId}`),
  randomBytes,
  random: (): number => Math.random(),
  /** Keeps no process alive: what is to be done is worth nothing to a process that has ended. */
  setTimer: (work: () => void, ms: number): (() => void) => {
    const timer = setTimeout(work, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
  warn: (code: string, message: string): void => {
    process.emitWarning(message, { type: 'SecureKeyWarning', code })
  },
}
