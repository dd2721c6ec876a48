import { randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { fingerprintOf } from '../../../src/domain/key.ts'
import { stateAtProvision } from '../../../src/domain/resource-state.ts'
import { type Db, openDatabase } from '../../../src/store/database.ts'
import { findState, type StoredState } from '../../../src/store/keysets.ts'
import type { NewGrant } from '../../../src/store/oauth-grants.ts'
import { insertResources, type NewResource } from '../../../src/store/resources.ts'
import type { NewKey } from '../../../src/store/sealed-keys.ts'
import { stateRow } from '../../../src/store/state-row.ts'
import { clientOfClock } from '../../support/clocked-client.ts'
import { takeDatabase } from '../../support/database.ts'
import { uuid } from '../../support/resource.ts'

export const NOW = new Date('2026-03-03T12:00:00Z')
export const inMs = (ms: number): Date => new Date(NOW.getTime() + ms)

const clocks = new WeakMap<Db, { now: Date }>()

/** From here on it is `now` for all statements of that database. It was `NOW` before. */
export function setNow(db: Db, now: Date): void {
  const clock = clocks.get(db)
  if (!clock) throw new Error('this database has no clock of its own')
  clock.now = now
}

/** A migrated database of the test's own, with room for so many connections at a time, whose clock stands still. */
export async function startStore(options: { connections?: number } = {}): Promise<{ db: Db; url: string }> {
  const { url, giveBack } = await takeDatabase()
  const clock = { now: NOW }
  const db = openDatabase({
    url,
    poolSize: options.connections ?? 5,
    onIdleError: () => {},
    Client: clientOfClock(() => clock.now),
  })
  clocks.set(db, clock)
  onTestFinished(async () => {
    await db.destroy()
    await giveBack()
  })
  return { db, url }
}

/** A key as it is stored; only its shape is real. */
export function newKey(resourceId: string, version: number, more: Partial<NewKey> = {}): NewKey {
  const digest = randomBytes(32)
  return {
    resourceId,
    version,
    fingerprint: fingerprintOf(digest),
    digest,
    sealed: Buffer.from(`sealed key ${version}`),
    ...more,
  }
}

/** A grant whose code is the given text. Whoever stores it has a head start. */
export function newGrant(code: string, more: Partial<NewGrant> = {}): NewGrant {
  const codeDigest = Buffer.from(code.padEnd(32, '.'))
  const sealedCode = Buffer.from(`sealed ${code}`)
  return { sealedCode, codeDigest, expiresAt: inMs(300_000), headStartMs: 15_000, ...more }
}

export type ResourceOptions = Partial<NewResource> & { nextRotationAt?: Date }

/** Everything that a provision request brings, for the resource of that number. */
export function newResource(number: number, options: ResourceOptions = {}): NewResource {
  const { nextRotationAt = inMs(14 * 86_400_000), ...more } = options
  const id = uuid(number)
  return {
    id,
    name: `securekey-solid-${number}`,
    plan: 'fortnightly',
    region: null,
    periodMs: 14 * 86_400_000,
    targets: [],
    options: {
      grace: { until: 'next-rotation' },
      announcesNext: false,
      windows: [],
      logsNotices: false,
      tokenLifeMs: null,
    },
    dek: { kekId: 'k1', wrapped: Buffer.from(`wrapped ${number}`) },
    sealedLogInputUrl: null,
    keys: [newKey(id, 2), newKey(id, 1)],
    grant: null,
    state: stateAtProvision({ current: 2, filler: 1 }, nextRotationAt, NOW),
    events: [{ at: NOW, actor: { type: 'heroku' }, kind: 'provisioned' }],
    ...more,
  }
}

/** Stores a resource of that number and returns its id. */
export async function storeResource(db: Db, number: number, options: ResourceOptions = {}): Promise<string> {
  const resource = newResource(number, options)
  const inserted = await insertResources(db, [resource], NOW)
  if (!inserted.has(resource.id)) throw new Error(`resource ${number} exists already`)
  return resource.id
}

/** Stores resources 1 to `count` without keys, a thousand by one statement per table; each is due at `wakeAt(number)`. */
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
          kek_id: 'k1',
          wrapped_dek: Buffer.from('wrapped'),
          created_at: NOW,
        })),
      )
      .execute()
    await db
      .insertInto('keysets')
      .values(
        batch.map((number) => ({
          resource_id: uuid(number),
          last_seq: 1,
          ...stateRow(stateAtProvision({ current: 2, filler: 1 }, wakeAt(number), NOW)),
        })),
      )
      .execute()
  }
}

/** The row of a live resource as it is stored. */
export async function storedState(db: Db, resourceId: string): Promise<StoredState> {
  const stored = await findState(db, resourceId)
  if (!stored) throw new Error(`resource ${resourceId} has no state`)
  return stored
}
