import { expect } from 'vitest'
import type { AddonView } from '../../simulator/src/view.ts'
import type { Harness } from './harness.ts'

/** When this service restarted an app, in the order in which it did. */
export function restartsOf({ heroku }: Pick<Harness, 'heroku'>, app: string): Date[] {
  return heroku.view
    .releases(app)
    .filter(({ description }) => description.startsWith('Update'))
    .map(({ createdAt }) => new Date(createdAt))
}

/** The least time between two restarts of an app; infinite where there were fewer. */
export function leastGapMs(h: Pick<Harness, 'heroku'>, app: string): number {
  const times = restartsOf(h, app).map((at) => at.getTime())
  return Math.min(...times.slice(1).map((at, index) => at - (times[index] ?? 0)), Number.POSITIVE_INFINITY)
}

/** Add-ons on one app, one after another and so many seconds apart, their grants exchanged. */
export async function addonsOn(
  h: Harness,
  app: string,
  count: number,
  {
    plan = 'fortnightly',
    apartMs = 1_000,
    options = {},
  }: {
    plan?: string
    apartMs?: number
    options?: Record<string, string>
  } = {},
): Promise<AddonView[]> {
  if (!h.heroku.view.apps().some(({ name }) => name === app)) await h.heroku.customer.createApp(app)
  const addons: AddonView[] = []
  const exchanged = async () => {
    const ids = addons.map(({ id }) => id)
    const tokens = h.deps.db.selectFrom('oauth_tokens').select('generation').where('resource_id', 'in', ids)
    return (await tokens.execute()).length
  }
  for (let made = 0; made < count; made += 1) {
    addons.push(await h.heroku.customer.createAddon({ app, plan, options }))
    // A grant code lives for minutes, and the clock goes on at once.
    await expect.poll(exchanged).toBe(addons.length)
    h.clock.advance(apartMs)
  }
  return addons
}

/** Lives until a moment: whenever a worker has something to do it does it, `lateMs` later. Returns how many ticks that took. */
export async function liveUntil(
  h: Pick<Harness, 'deps' | 'clock'>,
  until: Date,
  tick: () => Promise<unknown>,
  { lateMs = 0, mostTicks = 5_000 }: { lateMs?: number; mostTicks?: number } = {},
): Promise<number> {
  for (let ticks = 0; ticks < mostTicks; ticks += 1) {
    const { wake } = await h.deps.db
      .selectFrom('keysets')
      .select(({ fn }) => fn.min('wake_at').as('wake'))
      .executeTakeFirstOrThrow()
    const next = wake ? new Date(Math.max(wake.getTime(), h.clock.now().getTime()) + lateMs) : until
    if (next >= until) {
      h.clock.advance(until.getTime() - h.clock.now().getTime())
      return ticks
    }
    h.clock.advance(next.getTime() - h.clock.now().getTime())
    await tick()
  }
  throw new Error(`${mostTicks} ticks were not enough`)
}
