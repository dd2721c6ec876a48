import { join } from 'node:path'
import { appEnvironment, type Environment } from '../settings.ts'
import type { AppProgram } from './app-process.ts'

/** A quarter: longer than both processes take to restart, and over long before the next rotation. */
const SETTLE_PART = 1 / 4

/** The example app of `clients/examples`, with the library or by hand, for a clock that runs faster than Heroku's. */
export function exampleProgram(options: {
  root: string
  logFolder: string
  env: Environment
  withLibrary: boolean
  fortnightSeconds: number
}): { program: AppProgram; settleMs: number } {
  const { root, logFolder, env, withLibrary, fortnightSeconds } = options
  const settleSeconds = Math.round(fortnightSeconds * SETTLE_PART)
  const program = {
    folder: join(root, 'clients', 'examples', 'formation'),
    program: withLibrary ? 'web.js' : 'by-hand.js',
    env: appEnvironment({ SETTLE_SECONDS: String(settleSeconds) }, env),
    logFolder,
  }
  return { program, settleMs: settleSeconds * 1_000 }
}
