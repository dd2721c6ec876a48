import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import { Agent, request } from 'undici'
import { keyFromBytes } from '../../src/domain/key.ts'
import { createSealingKey, sealBytes } from '../../src/sealing/envelope.ts'
import { accessTokenOf } from '../support/bench-resource.ts'

/** The table of the plain job: what a service would keep that has no claims, fencing or read-back of its own. */
export const PLAIN_TABLE = `
  create table plain_keys (
    resource_id uuid not null, version integer not null, stage text not null, sealed_key bytea not null,
    primary key (resource_id, version)
  )`

/**
 * A rotation as a plain job of a queue: 32 random bytes, sealed by the same code, stored, pushed, promoted. It is
 * spared what only this service does: it opens no data key, token or former key, keeps no former key and no history.
 */
export async function createPlainJob(options: { pool: pg.Pool; herokuUrl: string; inFlight: number }) {
  const { pool, herokuUrl } = options
  const dispatcher = new Agent({ connections: options.inFlight, pipelining: 1 })
  const dek = createSealingKey(randomBytes(32))

  return async (resourceId: string): Promise<void> => {
    const bytes = randomBytes(32)
    const key = keyFromBytes(bytes)
    const sealed = sealBytes(dek, { resourceId, column: 'sealed', version: 1 }, bytes)
    await pool.query({
      name: 'store',
      text: `insert into plain_keys (resource_id, version, stage, sealed_key) values ($1, 1, 'pending', $2)`,
      values: [resourceId, sealed],
    })
    const response = await request(`${herokuUrl}/addons/${resourceId}/config`, {
      dispatcher,
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${accessTokenOf(resourceId)}`,
        'content-type': 'application/json',
        accept: 'application/vnd.heroku+json; version=3',
      },
      body: JSON.stringify({ config: [{ name: 'SECURE_KEY', value: `${key},${key}` }] }),
    })
    await response.body.json()
    if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`)
    await pool.query({
      name: 'promote',
      text: `update plain_keys set stage = 'current' where resource_id = $1 and version = 1`,
      values: [resourceId],
    })
  }
}

/** Counts finished jobs and tells when the last one is done. */
export function createFinish(count: number) {
  let left = count
  const { promise, resolve } = Promise.withResolvers<number>()
  return {
    all: promise,
    one(): void {
      left -= 1
      if (left === 0) resolve(count)
    },
  }
}
