import { liveRing } from '../live-ring.ts'
import { startRefresher } from '../refresh/refresher.ts'
import type { FailureWord, StopCode } from '../refresh/words.ts'
import type { Keyring } from '../ring-facade.ts'
import { showAs } from '../shown.ts'
import { answerOpener } from './open-answer.ts'
import { type HandOverOptions, readHandOver } from './options.ts'
import { handOverSource } from './source.ts'

/** `handed-over`: newer keys came and are stored. `already-latest`: those that are held are the latest. */
export type Asked =
  | { ok: true; outcome: 'handed-over' | 'already-latest' }
  | { ok: false; reason: FailureWord | StopCode | 'closed' }

export type HandOver = {
  /** The keys that are held now; newer ones take their place. */
  readonly keyring: Keyring
  /** Asks now, or waits for the request that is under way. Never throws. */
  ask: () => Promise<Asked>
  /** Asks no more. */
  close: () => void
}

/**
 * For a program outside Heroku, which was given the keys once: asks for the latest with the key that it holds, at once, and
 * again as often as the service says. Throws what is wrong with the options, and `missing-package` without the package jose.
 */
export async function handOver(options: HandOverOptions): Promise<HandOver> {
  const settings = readHandOver(options)
  const source = handOverSource(settings, await answerOpener())
  const { setTimer, random, now } = settings
  const { ring, refresher } = liveRing(settings.first, settings, ({ held, tell }) =>
    startRefresher(held, { source, setTimer, random, now, checkIn: undefined, tell }),
  )
  const made: HandOver = {
    keyring: ring,
    ask: async () => {
      const outcome = await refresher?.askNow()
      switch (outcome?.is) {
        case 'taken':
          return { ok: true, outcome: 'handed-over' }
        case 'unchanged':
          return { ok: true, outcome: 'already-latest' }
        case 'failed':
          return { ok: false, reason: outcome.word }
        case 'stopped':
          return { ok: false, reason: outcome.code }
        default:
          return { ok: false, reason: 'closed' }
      }
    },
    close: ring.close,
  }
  return Object.freeze(showAs(made, 'HandOver', () => ({ keyring: ring })))
}
