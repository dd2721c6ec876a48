import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StackOptions } from './backing-services.ts'
import { systemNow } from './clock.ts'
import { RANK } from './entry.ts'
import type { Check } from './life.ts'
import { LocalStackError } from './local-stack-error.ts'
import type { SessionOptions } from './session.ts'
import { type Stack, startStack } from './stack.ts'
import { aborted } from './until.ts'

/** A life that is told and checked step by step. */
export type LifeToRun = {
  heading: string
  remarks: readonly string[]
  limitSeconds: number
  settings: Pick<StackOptions, 'fortnightSeconds' | 'aws'>
  /** Lives it through; throws at the first broken promise. `folder` is for its logs. */
  live: (
    stack: Stack,
    life: { check: Check; signal: AbortSignal; folder: string },
    closers: AsyncDisposableStack,
  ) => Promise<void>
  /** What is said at its end, to somebody who may go on by himself until Ctrl-C. Without it everything ends. */
  stay?: (stack: Stack) => readonly string[]
}

/** Runs a life on data of its own and on free ports. Throws at the first broken promise; the logs are kept then. */
export async function runLife(session: SessionOptions, life: LifeToRun): Promise<void> {
  const { root, env, signal, terminal, partnerApi } = session
  const startedAt = systemNow()
  const { say, print } = terminal
  const folder = await mkdtemp(join(tmpdir(), 'securekey-once-'))
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), life.limitSeconds * 1_000)
  try {
    await using closers = new AsyncDisposableStack()
    say(`Starting Postgres, a simulated Heroku, web and worker for one life, in ${folder} ...`)
    const either = AbortSignal.any([signal, limit.signal])
    const options = { root, env, folder, kept: false, partnerApi, signal: either, ...life.settings }
    const stack = await startStack({ ...options, tell: say, print }, closers)
    terminal.facts(life.heading, facts(stack), [
      'These are demo keys, shown in full on purpose; the service itself never logs one.',
      ...life.remarks,
    ])
    stack.teller.begin()
    const { check, held } = countChecks(stack)
    const broken = stack.broken.then((error) => Promise.reject(error))
    const living = life.live(stack, { check, signal: either, folder }, closers)
    await Promise.race([living, broken, aborted(either)])
    either.throwIfAborted()
    const seconds = Math.round((systemNow().getTime() - startedAt.getTime()) / 1_000)
    const end = `\nAll ${held()} promises held, in ${seconds} s.`
    if (life.stay) {
      clearTimeout(timer)
      stack.timeline.tell()
      for (const line of [end, '', ...life.stay(stack)]) say(line)
      await Promise.race([broken, aborted(signal)])
    }
    await closers.disposeAsync()
    if (!life.stay) say(end)
  } catch (error) {
    if (signal.aborted) await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    else say(`\nThe logs are kept in ${folder}.`)
    if (limit.signal.aborted) {
      throw new LocalStackError(`The scenario did not finish within ${life.limitSeconds} s.`)
    }
    throw error
  } finally {
    clearTimeout(timer)
  }
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
}

function facts({ settings, simulator }: Stack): [string, string][] {
  return [
    ['heroku', simulator.url],
    ['service', settings.addonUrl],
    ...(settings.kms?.endpointUrl ? [['aws', settings.kms.endpointUrl] satisfies [string, string]] : []),
  ]
}

function countChecks({ timeline }: Stack): { check: Check; held: () => number } {
  let count = 0
  return {
    check: (promise, held) => {
      if (!held) throw new LocalStackError(`This did not hold: ${promise}`)
      count += 1
      timeline.add([
        { at: systemNow(), rank: RANK.ahead, who: 'check', text: `ok  ${promise}`, tone: 'good' },
      ])
    },
    held: () => count,
  }
}
