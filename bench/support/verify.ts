import { parseSecureKeyValue } from '../../src/domain/config-vars.ts'
import { keyDigest } from '../../src/domain/key.ts'
import { withClient } from './bench-postgres.ts'
import { askCounts, askValues, type FakeHeroku } from './heroku.ts'

type Stored = { resource_id: string; versions: number; current: string; previous: string; done: number }

/**
 * How many of the due resources were not rotated exactly once. Right is: Heroku was given one value and never the same
 * value twice; its first key is the stored current one, its second the one that was current before; one more version
 * and one finished rotation are there.
 */
export async function lostOrDoubled(url: string, heroku: FakeHeroku, due: number): Promise<number> {
  const stored = await withClient(url, async (client) => {
    const { rows } = await client.query<Stored>(`
      select o.resource_id, o.done, count(*)::integer as versions,
             max(encode(k.digest, 'hex')) filter (where k.stage = 'current' and k.version = 3) as current,
             max(encode(k.digest, 'hex')) filter (where k.stage = 'previous' and k.version = 2) as previous
        from (
               select resource_id, count(*) filter (where state = 'done')::integer as done
                 from rotations group by resource_id
             ) as o
        join key_versions k using (resource_id)
       group by o.resource_id, o.done`)
    return new Map(rows.map((row) => [row.resource_id, row]))
  })
  const values = await askValues(heroku)
  const right = values.filter(({ resourceId, value, values: different }) => {
    const pair = parseSecureKeyValue(value)
    const row = stored.get(resourceId)
    if (!pair || !row || different !== 1 || row.done !== 1 || row.versions !== 3) return false
    return row.current === hexDigest(pair.first) && row.previous === hexDigest(pair.second)
  })
  const { repeated } = await askCounts(heroku)
  return Math.max(due, stored.size, values.length) - right.length + repeated
}

function hexDigest(key: string): string {
  return keyDigest(key).toString('hex')
}
