import { setTimeout as sleep } from 'node:timers/promises'
import { withClient } from './bench-postgres.ts'

const LOOK_EVERY_MS = 5
const LONGEST_WAIT_MS = 60_000

/** Waits until no grant code is left to be exchanged. */
export async function grantsDone(url: string): Promise<void> {
  await withClient(url, async (client) => {
    for (const until = performance.now() + LONGEST_WAIT_MS; performance.now() < until; ) {
      const { rows } = await client.query(`select from oauth_grants where wake_at is not null limit 1`)
      if (rows.length === 0) return
      await sleep(LOOK_EVERY_MS)
    }
    throw new Error('grants are still waiting')
  })
}

/** How many of so many requests have not left exactly what they should: two keys, a history, and tokens if there were any. */
export async function badlyProvisioned(
  url: string,
  { sent, grant }: { sent: number; grant: boolean },
): Promise<number> {
  if (grant) await grantsDone(url)
  return await withClient(url, async (client) => {
    await client.query('analyze')
    const { rows } = await client.query<{ stored: number; right: number }>(
      `select count(*)::integer as stored,
              count(*) filter (
                where k.current = 2 and k.second = 1 and k.second_filler and k.wake_at is not null
                  and s.lengths = '{61,61}' and h.kinds = $1 and k.last_seq = array_length(h.kinds, 1)
                  and (t.resource_id is not null) = $2
              )::integer as right
         from resources r
         left join keysets k on k.resource_id = r.id
         left join oauth_tokens t on t.resource_id = r.id
         left join (
                select resource_id, array_agg(length(sealed)) as lengths from sealed_keys group by 1
              ) as s on s.resource_id = r.id
         left join (
                select resource_id, array_agg(kind order by seq) as kinds from history group by 1
              ) as h on h.resource_id = r.id`,
      [grant ? ['provisioned', 'grant-exchanged'] : ['provisioned'], grant],
    )
    const { stored = 0, right = 0 } = rows[0] ?? {}
    return Math.max(sent, stored) - right
  })
}
