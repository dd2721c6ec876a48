import { MOST_KEYS, roomForOld } from '../../../domain/keyring-room.ts'
import { formatTokenLife, keysNeeded } from '../../../domain/token-life.ts'
import type { Overview } from '../../../flows/dashboard/overview.ts'
import { keyRows } from './keys.ts'
import { momentOf, periodWords, precisionOf } from './time-words.ts'

/**
 * The stated life, the keys that it takes, until when each that is there is accepted, and since when the life holds: what was
 * signed by keys from before that is refused, and nothing brings them back.
 */
export function tokenLifeModel(overview: Overview) {
  const { tokenLifeMs, periodMs, announcesNext, keys, now, nextRotationAt, plan } = overview
  const precision = precisionOf(overview)
  const accepted = keys.filter(({ stage, filler, revokedAt }) => {
    return (stage === 'current' || stage === 'previous') && !filler && revokedAt === null
  })
  const since = accepted.map(({ publishedAt }) => publishedAt?.getTime() ?? now.getTime())
  return {
    life: formatTokenLife(tokenLifeMs),
    words: tokenLifeMs === null ? '' : periodWords(tokenLifeMs),
    plan,
    period: periodWords(periodMs),
    needed: tokenLifeMs === null ? 0 : keysNeeded(tokenLifeMs, periodMs, announcesNext),
    most: MOST_KEYS,
    longest: periodWords(periodMs * roomForOld(announcesNext)),
    since: since.length === 0 ? null : momentOf(new Date(Math.min(...since)), now, precision),
    next: momentOf(nextRotationAt, now, precision),
    rows: keyRows(overview),
  }
}
