import { expect } from 'vitest'
import { parseSecureKeyValue } from '../../../src/domain/config-vars.ts'
import type { ResourceState } from '../../../src/domain/resource-state.ts'
import { type Harness, type HarnessOptions, startHarness } from '../../support/harness.ts'
import { accepts, kindsOf, stateOf } from '../../support/resource.ts'
import { pushCalls } from './aftermath.ts'
import { announcedKey } from './announced.ts'
import { type LivedRotation, rotationsOf } from './lived-rotations.ts'
import { PATIENCE } from './patience.ts'
import { tickOf } from './ticks.ts'

export const ACTOR = { type: 'operator' } as const

/** The service with one add-on on one app, its grant exchanged, and what a test asks about it. */
export type Life = Harness & {
  id: string
  appName: string
  tick: () => ReturnType<typeof tickOf>
  /** The two keys that the app holds. */
  held: () => { first: string; second: string }
  /** The key that its keyring announces. */
  announced: () => string | undefined
  /** The values sent to Heroku so far, whether they arrived or not. */
  pushed: () => string[]
  rotations: () => Promise<LivedRotation[]>
  state: () => Promise<ResourceState>
  /** What happened to it, oldest first. */
  kinds: () => Promise<string[]>
  accepts: (key: string) => Promise<boolean>
}

export type LifeOptions = HarnessOptions & { grace?: string; plan?: string; next?: true; tokenLife?: string }

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
    options: {
      ...(options.grace !== undefined && { grace: options.grace }),
      ...(options.next && { next: 'true' }),
      ...(options.tokenLife && { 'token-life': options.tokenLife }),
    },
  })
  // The exchange goes on behind the answer; what it writes comes in one transaction.
  await expect.poll(() => kindsOf(h.deps, id), PATIENCE).toContain('grant-exchanged')
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
    announced: () => announcedKey(h.heroku.view.addon(id).config.SECURE_KEYRING),
    pushed: () => pushCalls(h, id).map(({ config }) => config?.SECURE_KEY ?? ''),
    rotations: () => rotationsOf(h.deps, id),
    state: () => stateOf(h.deps, id),
    kinds: () => kindsOf(h.deps, id),
    accepts: (key) => accepts(h.deps, id, key),
  }
}
