import { expect } from 'vitest'
import type { AddonView } from '../../simulator/src/view.ts'
import { parseSecureKeyValue } from '../../src/domain/config-vars.ts'
import type { Worker } from '../../src/worker/worker.ts'
import { type Harness, type HarnessOptions, MINUTE, startHarness } from './harness.ts'

export type HarnessWithAddon = Harness & { addon: AddonView; worker1: Worker }

/** The harness with an app `service-1`, on which Ann works too, that has the add-on, its grant exchanged, and one worker. */
export async function startWithAddon(
  options: HarnessOptions & {
    plan?: string
    grace?: string
    tokenLife?: string
    options?: Record<string, string>
  } = {},
): Promise<HarnessWithAddon> {
  const harness = await startHarness(options)
  await harness.heroku.customer.createApp('service-1')
  await harness.heroku.customer.addCollaborator('service-1', { id: 'ann', email: 'ann@example.com' })
  const addon = await harness.heroku.customer.createAddon({
    app: 'service-1',
    plan: options.plan ?? 'fortnightly',
    options: {
      ...options.options,
      ...(options.grace && { grace: options.grace }),
      ...(options.tokenLife && { 'token-life': options.tokenLife }),
    },
  })
  // The exchange begins after the answer was sent, so it may still be under way; its history row comes last.
  await expect
    .poll(async () => {
      const rows = await harness.deps.db.selectFrom('history').select('kind').execute()
      return rows.map((row) => row.kind)
    })
    .toContain('grant-exchanged')
  return { ...harness, addon, worker1: harness.worker() }
}

/** Heroku says twice, minutes apart, that it does not know the add-on: then the rotation under way is stuck. */
export async function tickUntilStuck(h: HarnessWithAddon): Promise<void> {
  h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'status', status: 404, times: 2 })
  await h.worker1.tick()
  h.clock.advance(5 * MINUTE)
  await h.worker1.tick()
}

/** Calls of the service to Heroku whose path contains `path`. */
export function callsTo(harness: Pick<Harness, 'heroku'>, method: string, path: string) {
  return harness.heroku.view.apiCalls().filter((c) => c.method === method && c.path.includes(path))
}

/** All calls of the service but those that tell notices in the log of an app: they go out beside everything else. */
export function callsBesideNotices({ heroku }: Pick<Harness, 'heroku'>) {
  return heroku.view.apiCalls().filter(({ path }) => path !== '/logs')
}

/** The values that the service pushed, in their order. */
export function pushes(harness: Pick<Harness, 'heroku'>): string[] {
  return callsTo(harness, 'PATCH', '/config').map((call) => call.config?.SECURE_KEY ?? '')
}

/** The two keys that an app holds; fails when the value is not two keys, one comma, no space. */
export function keysOn(harness: Pick<Harness, 'heroku'>, app = 'service-1', name = 'SECURE_KEY') {
  const parsed = parseSecureKeyValue(harness.heroku.view.configVars(app)[name] ?? '')
  if (!parsed) throw new Error(`${name} of ${app} is not a pair of keys`)
  return parsed
}
