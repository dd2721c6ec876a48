import { expect } from 'vitest'
import { parseSecureKeyValue } from '../../../src/domain/config-vars.ts'
import { isAccepted } from '../../../src/domain/verification.ts'
import { verifyKey } from '../../../src/flows/verify-key.ts'
import { listRotations } from '../../../src/store/rotations.ts'
import { type Harness, type HarnessOptions, startHarness } from '../../support/harness.ts'
import { pushCalls } from './aftermath.ts'
import { tickOf } from './ticks.ts'

export const ACTOR = { type: 'operator' } as const

/** The service with one add-on on one app, its grant exchanged, and what a test asks about it. */
export type Life = Harness & {
  id: string
  appName: string
  tick: () => ReturnType<typeof tickOf>
  /** The two keys that the app holds. */
  held: () => { first: string; second: string }
  /** The values sent to Heroku so far, whether they arrived or not. */
  pushed: () => string[]
  rotations: () => ReturnType<typeof listRotations>
  accepts: (key: string) => Promise<boolean>
}

export type LifeOptions = HarnessOptions & { grace?: string; plan?: string }

export async function startLife(options: LifeOptions = {}): Promise<Life> {
  const h = await startHarness(options)
  return await lifeOf(h, 'service-1', options)
}

/** One more app with an add-on of its own. */
export async function lifeOf(h: Harness, app: string, options: LifeOptions = {}): Promise<Life> {
  await h.heroku.customer.createApp(app)
  const { id } = await h.heroku.customer.createAddon({
    app,
    plan: options.plan ?? 'fortnightly',
    ...(options.grace === undefined ? {} : { options: { grace: options.grace } }),
  })
  const exchanged = () =>
    h.deps.db.selectFrom('oauth_tokens').select('generation').where('resource_id', '=', id).execute()
  await expect.poll(exchanged, { interval: 5 }).toHaveLength(1)
  return {
    ...h,
    id,
    appName: app,
    tick: () => tickOf(h.deps),
    held() {
      const value = h.heroku.view.addon(id).config.SECURE_KEY ?? ''
      const keys = parseSecureKeyValue(value)
      if (!keys) throw new Error(`${app} holds no pair of keys`)
      return keys
    },
    pushed: () => pushCalls(h, id).map(({ config }) => config?.SECURE_KEY ?? ''),
    rotations: () => listRotations(h.deps.db, id, { limit: 100 }),
    accepts: async (key) => isAccepted(await verifyKey(h.deps, { resourceId: id, key })),
  }
}
