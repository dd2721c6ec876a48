import { randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { type Db, openDatabase } from '../../../src/store/database.ts'
import type { NewKey } from '../../../src/store/key-versions.ts'
import type { NewGrant } from '../../../src/store/oauth-grants.ts'
import { insertResource, type NewResource } from '../../../src/store/resources.ts'
import { createTestDatabase } from '../../support/database.ts'
import { uuid } from '../../support/resource.ts'

export const NOW = new Date('2026-03-03T12:00:00Z')
export const inMs = (ms: number): Date => new Date(NOW.getTime() + ms)

/** A migrated database of the test's own, with room for so many connections at a time. */
export async function startStore(options: { connections?: number } = {}): Promise<{ db: Db; url: string }> {
  const { url, drop } = await createTestDatabase()
  const db = openDatabase({ url, poolSize: options.connections ?? 5, onIdleError: () => {} })
  onTestFinished(async () => {
    await db.destroy()
    await drop()
  })
  return { db, url }
}

/** A key as it is stored; only its shape is real. */
export function newKey(resourceId: string, version: number, more: Partial<NewKey> = {}): NewKey {
  const digest = randomBytes(32)
  return {
    resourceId,
    version,
    stage: 'current',
    filler: false,
    fingerprint: digest.toString('hex', 0, 4),
    sealedKey: `sealed key ${version}`,
    digest,
    ...more,
  }
}

/** A grant whose code is the given text. */
export function newGrant(code: string, more: Partial<NewGrant> = {}): NewGrant {
  const codeDigest = Buffer.from(code.padEnd(32, '.'))
  return { sealedCode: `sealed ${code}`, codeDigest, expiresAt: inMs(300_000), wakeAt: inMs(15_000), ...more }
}

/** Everything that a provision request brings, for the resource of that number. */
export function newResource(number: number, more: Partial<NewResource> = {}): NewResource {
  const id = uuid(number)
  return {
    id,
    name: `securekey-solid-${number}`,
    plan: 'fortnightly',
    region: null,
    periodMs: 14 * 86_400_000,
    grace: { until: 'next-rotation' },
    wrappedDek: `wrapped ${number}`,
    sealedLogInputUrl: null,
    keys: [newKey(id, 2), newKey(id, 1, { stage: 'previous', filler: true })],
    grant: null,
    nextRotationAt: inMs(14 * 86_400_000),
    audit: { resourceId: id, at: NOW, actor: { type: 'heroku' }, action: 'resource-provisioned' },
    ...more,
  }
}

/** Stores a resource of that number and answers its id. */
export async function storeResource(
  db: Db,
  number: number,
  more: Partial<NewResource> = {},
): Promise<string> {
  const resource = newResource(number, more)
  if (!(await insertResource(db, resource, NOW))) throw new Error(`resource ${number} exists already`)
  return resource.id
}

/** Stores resources 1 to `count` by one statement per table; each is due at `wakeAt(number)`. */
export async function storeManyResources(
  db: Db,
  count: number,
  wakeAt: (number: number) => Date,
): Promise<void> {
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  for (let start = 0; start < count; start += 1_000) {
    const batch = numbers.slice(start, start + 1_000)
    await db
      .insertInto('resources')
      .values(
        batch.map((number) => ({
          id: uuid(number),
          state: 'provisioned' as const,
          plan: 'daily',
          rotation_period_seconds: 86_400,
          wrapped_dek: 'wrapped',
          created_at: NOW,
        })),
      )
      .execute()
    await db
      .insertInto('schedule')
      .values(
        batch.map((number) => ({
          resource_id: uuid(number),
          next_rotation_at: wakeAt(number),
          wake_at: wakeAt(number),
        })),
      )
      .execute()
  }
}
