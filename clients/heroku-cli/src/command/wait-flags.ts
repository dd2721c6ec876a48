import * as Flags from '@oclif/core/flags'
import { ux } from '@oclif/core/ux'
import type { Resource } from '../answers/resource.ts'
import { waitUntilRunning } from '../rotation/wait-until-running.ts'
import type { Service } from '../service/service.ts'
import type { Waiting } from '../service/wait-until.ts'
import type { Surroundings } from '../surroundings.ts'
import { parseDuration } from '../words/duration.ts'

const DEFAULT_INTERVAL_S = 5
const DEFAULT_TIMEOUT_MS = 30 * 60_000
const LONGEST_TIMEOUT_MS = 7 * 86_400_000

/** A length of time such as `90s`, `30m` or `2h`; a number alone is seconds. */
const length = Flags.custom<number>({
  async parse(text) {
    const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : parseDuration(text)
    if (ms === undefined || ms <= 0 || ms > LONGEST_TIMEOUT_MS) {
      throw new Error('must be a time such as 90s, 30m or 2h, of a week at most')
    }
    return ms
  },
})

export const WAITING = {
  timeout: length({ description: 'for how long to wait at most (default 30m)', helpValue: '30m' }),
  'wait-interval': Flags.integer({
    description: 'how frequently to poll in seconds (to avoid rate limiting)',
    min: 1,
    max: 3600,
  }),
}

type WaitFlags = { timeout?: number | undefined; 'wait-interval'?: number | undefined }

/** Waits until every app runs the current key, and shows on stderr what it waits for. */
export async function waitShown(
  service: Service,
  what: string,
  flags: WaitFlags,
  surroundings: Surroundings,
): Promise<Resource> {
  return await showWaiting(what, flags, (waiting) => waitUntilRunning(service, waiting, surroundings))
}

/** Waits as long and looks as often as the flags say, and shows on stderr what it waits for. */
export async function showWaiting<T>(
  what: string,
  flags: WaitFlags,
  wait: (waiting: Waiting) => Promise<T>,
): Promise<T> {
  ux.action.start(what)
  try {
    const seen = await wait({
      timeoutMs: flags.timeout ?? DEFAULT_TIMEOUT_MS,
      intervalMs: (flags['wait-interval'] ?? DEFAULT_INTERVAL_S) * 1_000,
      tell: (status) => {
        ux.action.status = status
      },
    })
    ux.action.stop()
    return seen
  } catch (error) {
    ux.action.stop('!')
    throw error
  }
}
