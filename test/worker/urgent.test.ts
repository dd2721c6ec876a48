import { expect, test } from 'vitest'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { createGroupClaims } from '../../src/flows/rotation/group.ts'
import { blockHerokuCalls } from '../../src/store/heroku-budget.ts'
import { DAY, type Harness, MINUTE, startHarness } from '../support/harness.ts'

const actor = { type: 'person', userId: 'u', email: 'a@example.com', verified: true, address: null } as const
const BACKLOG = 8

/** Add-ons that have all come due. Of the last two one is rotated by hand, and the keys of the other are revoked. */
async function startBacklog() {
  const h = await startHarness()
  await h.heroku.customer.createApp('service-1')
  const ids: string[] = []
  for (let number = 0; number < BACKLOG + 2; number += 1) {
    const { id } = await h.heroku.customer.createAddon({ app: 'service-1', plan: 'fortnightly' })
    ids.push(id)
  }
  // Stored too: what still writes a token locks its add-on, and a claim goes past that.
  const waiting = () =>
    h.deps.db.selectFrom('oauth_grants').select('resource_id').where('state', '=', 'waiting').execute()
  await expect.poll(waiting).toEqual([])
  h.clock.advance(14 * DAY)
  const [pressed = '', leaked = ''] = ids.slice(BACKLOG)
  await requestRotation(h.deps, { resourceId: pressed, actor })
  await revokeKeys(h.deps, { resourceId: leaked, actor })
  return { ...h, pressed, leaked }
}

/** The next two that a worker gets, one by one. */
async function nextTwo({ deps }: Harness) {
  const claim = createGroupClaims(deps)
  const claimed = [await claim(1), await claim(1)]
  return claimed.map((group) => group?.resources[0]?.resourceId)
}

test('a revoke is claimed first, "rotate now" next, and only then what is merely due', async () => {
  const h = await startBacklog()
  expect(await nextTwo(h)).toEqual([h.leaked, h.pressed])
})

test('neither loses its place while nobody may call', async () => {
  const h = await startBacklog()
  await blockHerokuCalls(h.deps.db, 'platform', MINUTE)
  expect(await h.worker().tick()).toMatchObject({ promoted: 0, 'held-back': expect.any(Number) })
  h.clock.advance(2 * MINUTE)
  expect(await nextTwo(h)).toEqual([h.leaked, h.pressed])
})
