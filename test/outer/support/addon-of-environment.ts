import { hash } from 'node:crypto'
import { expect, vi } from 'vitest'
import type { Simulator } from '../../../simulator/src/simulator.ts'
import { parseSecureKeyValue } from '../../../src/domain/config-vars.ts'
import type { Environment } from './environment.ts'

export type Heroku = Pick<Simulator, 'view' | 'customer' | 'faults'>

/** What a test waits for at most; each is there long before. */
export const PATIENCE = { timeout: 60_000, interval: 20 }

/** An app with an add-on whose tokens are there; `place` is asked whether they are. */
export async function newAddon(
  heroku: Heroku,
  place: Pick<Environment, 'query'>,
  app: string,
): Promise<{ id: string; name: string; app: string }> {
  await heroku.customer.createApp(app)
  const { id, name } = await heroku.customer.createAddon({ app, plan: 'fortnightly' })
  // `expect.poll` is for tests alone, and this is for what comes before them too.
  await vi.waitFor(async () => expect(await kindsOf(place, id)).toContain('grant-exchanged'), PATIENCE)
  return { id, name, app }
}

/** What happened to an add-on, oldest first. */
export async function kindsOf(place: Pick<Environment, 'query'>, id: string): Promise<string[]> {
  const rows = await place.query<{ kind: string }>(
    'select kind from history where resource_id = $1 order by seq',
    [id],
  )
  return rows.map(({ kind }) => kind)
}

/** Its next date has come: nobody waits a fortnight for a test. */
export async function makeDue(place: Pick<Environment, 'query'>, ...ids: string[]): Promise<void> {
  const due = 'update keysets set next_rotation_at = now(), wake_at = now() where resource_id = any ($1)'
  await place.query(due, [ids])
}

/** The lease of a claim is over: nobody waits ninety seconds for a test. */
export async function endLease(place: Pick<Environment, 'query'>, id: string): Promise<void> {
  const end = 'update keysets set wake_at = now(), claimed_until = now() where resource_id = $1'
  await place.query(end, [id])
}

/** The two keys that Heroku holds. */
export function heldBy(heroku: Heroku, id: string): { first: string; second: string } {
  const keys = parseSecureKeyValue(heroku.view.addon(id).config.SECURE_KEY ?? '')
  if (!keys) throw new Error('Heroku holds no pair of keys')
  return keys
}

/** The values that were sent for an add-on, whether they arrived or not. */
export function pushedTo(heroku: Heroku, id: string): string[] {
  return configCalls(heroku, id, 'PATCH').map(({ config }) => config?.SECURE_KEY ?? '')
}

/** The calls about the config of an add-on, oldest first. */
export function configCalls(heroku: Heroku, id: string, method: 'GET' | 'PATCH') {
  return heroku.view
    .apiCalls()
    .filter((call) => call.method === method && call.addonId === id && call.path.endsWith('/config'))
}

/** The pair that a database takes for the published one, as digests. */
export async function keysIn(place: Pick<Environment, 'query'>, id: string) {
  const [row] = await place.query<{ first: string | null; second: string | null; pending: number | null }>(
    `select encode(f.digest, 'hex') as first, encode(s.digest, 'hex') as second, k.pending
       from keysets k
       left join sealed_keys f on f.resource_id = k.resource_id and f.version = k.current
       left join sealed_keys s on s.resource_id = k.resource_id and s.version = k.second
      where k.resource_id = $1`,
    [id],
  )
  return row
}

/** What `keysIn` returns where database and Heroku agree and nothing is under way. */
export function asStored(heroku: Heroku, id: string) {
  const { first, second } = heldBy(heroku, id)
  return { first: hash('sha256', first), second: hash('sha256', second), pending: null }
}
