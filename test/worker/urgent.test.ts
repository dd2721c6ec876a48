import { expect, test } from 'vitest'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { createGroupClaims } from '../../src/flows/rotation/group.ts'
import { callsTo } from '../support/addon.ts'
import { DAY, type Harness, MINUTE, startHarness } from '../support/harness.ts'
import { tokenCalls } from '../support/resource.ts'

const actor = { type: 'person', userId: 'u', email: 'a@example.com', verified: true, address: null } as const
const BACKLOG = 8
const CLAIMED = 2

/** Add-ons that have all come due: a backlog, and two more. */
async function startBacklog() {
  const h = await startHarness()
  await h.heroku.customer.createApp('service-1')
  const ids: string[] = []
  for (let number = 0; number < BACKLOG + 2; number += 1) {
    const { id } = await h.heroku.customer.createAddon({ app: 'service-1', plan: 'fortnightly' })
    ids.push(id)
  }
  await expect.poll(() => tokenCalls(h, 'authorization_code').length).toBe(BACKLOG + 2)
  h.clock.advance(14 * DAY)
  const [pressed = '', leaked = ''] = ids.slice(BACKLOG)
  return { ...h, pressed, leaked, slowly: h.worker({ concurrency: 1, claimLimit: CLAIMED }) }
}

/** The add-ons whose config was pushed, in that order. */
const pushedIds = (h: Pick<Harness, 'heroku'>) =>
  callsTo(h, 'PATCH', '/config').map(({ path }) => path.split('/')[2])

test('"rotate now" and a revoke are claimed before whatever is merely due', async () => {
  const h = await startBacklog()
  await requestRotation(h.deps, { resourceId: h.pressed, actor })
  await revokeKeys(h.deps, { resourceId: h.leaked, actor })
  await h.slowly.tick()
  expect(pushedIds(h)).toHaveLength(BACKLOG + 2)
  expect(new Set(pushedIds(h).slice(0, CLAIMED))).toEqual(new Set([h.leaked, h.pressed]))
})

test('a revoke is claimed before "rotate now"', async () => {
  const h = await startBacklog()
  await requestRotation(h.deps, { resourceId: h.pressed, actor })
  await revokeKeys(h.deps, { resourceId: h.leaked, actor })
  const claim = createGroupClaims(h.deps)
  const claimed = [await claim(1), await claim(1)]
  expect(claimed.map((group) => group?.resources[0]?.resourceId)).toEqual([h.leaked, h.pressed])
})

test('neither loses its place when Heroku tells everybody to wait', async () => {
  const h = await startBacklog()
  await requestRotation(h.deps, { resourceId: h.pressed, actor })
  await revokeKeys(h.deps, { resourceId: h.leaked, actor })
  h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'status', status: 429, times: 2 })
  await h.slowly.tick()
  h.clock.advance(2 * MINUTE)
  const before = pushedIds(h).length
  await h.slowly.tick()
  expect(new Set(pushedIds(h).slice(before, before + CLAIMED))).toEqual(new Set([h.leaked, h.pressed]))
})
