import { parseSecureKeyValue } from '../../src/domain/config-vars.ts'
import { fingerprintOf, keyDigest } from '../../src/domain/key.ts'
import { withClient } from './bench-postgres.ts'
import { askCounts, askValues, type FakeHeroku } from './heroku.ts'

type Stored = {
  resource_id: string
  settled: boolean
  keys: number
  rotations: number
  told: string | null
  current: Buffer
  second: Buffer
}

/** A seeded resource has these two: a filler, and the key that signs. */
const SEEDED_VERSIONS = 2

/**
 * How many of the due resources were not rotated exactly once since Heroku was reset. Right is: Heroku was given one
 * value and never the same value twice. Its first key is the stored current one, its second the one that was current
 * before, and no other key is stored. The history tells of each rotation once, and nothing is under way.
 * `rotations`: how often each has been rotated since it was seeded.
 */
export async function lostOrDoubled(
  url: string,
  heroku: FakeHeroku,
  { due, rotations = 1 }: { due: number; rotations?: number },
): Promise<number> {
  const current = SEEDED_VERSIONS + rotations
  const stored = await withClient(url, async (client) => {
    // The statistics are those of before the run, by which hardly any row would be found.
    await client.query('set enable_nestloop = off')
    const { rows } = await client.query<Stored>(
      `select k.resource_id, first.digest as current, second.digest as second, s.keys, h.rotations, h.told,
              k.last_version = $1 and k.current = $1 and k.second = $1 - 1 and not k.second_filler
                and k.pending is null and k.pending_filler is null and k.older is null and k.reason is null
                and k.claimed_until is null and k.wake_at is not null and k.attempts = 0 as settled
         from keysets k
         join sealed_keys first on first.resource_id = k.resource_id and first.version = k.current
         join sealed_keys second on second.resource_id = k.resource_id and second.version = k.second
         join (
                select resource_id, count(*)::integer as keys from sealed_keys group by resource_id
              ) as s on s.resource_id = k.resource_id
         left join (
                select resource_id, count(*)::integer as rotations,
                       max(fingerprint) filter (where version = $1 and erased = array[$1 - 2]) as told
                  from history where kind = 'rotated' group by resource_id
              ) as h on h.resource_id = k.resource_id
        where k.last_version > ${SEEDED_VERSIONS}`,
      [current],
    )
    return new Map(rows.map((row) => [row.resource_id, row]))
  })
  const values = await askValues(heroku)
  const right = values.filter(({ resourceId, value, values: different }) => {
    const pair = parseSecureKeyValue(value)
    const row = stored.get(resourceId)
    if (!pair || !row || different !== 1 || !row.settled) return false
    if (row.keys !== 2 || row.rotations !== rotations || row.told !== fingerprintOf(row.current)) return false
    return row.current.equals(keyDigest(pair.first)) && row.second.equals(keyDigest(pair.second))
  })
  const { repeated } = await askCounts(heroku)
  return Math.max(due, stored.size, values.length) - right.length + repeated
}
