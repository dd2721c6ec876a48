import { describe, expect, test } from 'vitest'
import { enrolClient } from '../../src/flows/tokens/make-token.ts'
import { endTokens } from '../../src/flows/tokens/tokens.ts'
import { useToken } from '../../src/flows/tokens/use-token.ts'
import { ANN, tokenOf } from '../api/support/token.ts'
import { callsTo, type HarnessWithAddon, startWithAddon } from '../support/addon.ts'
import { signedIn } from '../support/browser.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { historyOf, kindsOf } from '../support/resource.ts'

const COLLABORATORS = { method: 'GET', path: '/collaborators' }

async function startWithToken(options: Parameters<typeof startWithAddon>[0] = {}) {
  const h = await startWithAddon(options)
  // So that a look never comes with the daily check, which goes first.
  h.clock.advance(10 * MINUTE)
  const token = await tokenOf(h, ['read'])
  const leave = () => h.heroku.customer.removeCollaborator('service-1', ANN.email)
  return { ...h, token, leave }
}

const isGood = async (h: HarnessWithAddon, text: string) =>
  (await useToken(h.deps, text)).outcome === 'active'
const looks = (h: HarnessWithAddon) => callsTo(h, 'GET', '/collaborators').length

/** So many days, each of which ends with a tick that has nothing else to do. */
async function days(h: HarnessWithAddon, count: number): Promise<void> {
  for (let day = 0; day < count; day += 1) {
    h.clock.advance(DAY - 5 * MINUTE)
    await h.worker1.tick()
    h.clock.advance(5 * MINUTE)
    await h.worker1.tick()
  }
}

describe('a token', () => {
  test('whose maker has left is ended after two looks a day apart, and the history says whose it was', async () => {
    const h = await startWithToken()
    await days(h, 2)
    expect(await isGood(h, h.token.text)).toBe(true)
    await h.leave()
    await days(h, 1)
    expect(await isGood(h, h.token.text)).toBe(true)
    h.clock.advance(DAY - MINUTE)
    await h.worker1.tick()
    expect(await isGood(h, h.token.text)).toBe(true)
    h.clock.advance(MINUTE)
    await h.worker1.tick()
    expect(await useToken(h.deps, h.token.text)).toMatchObject({ outcome: 'none', because: 'absent' })
    expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
      kind: 'tokens-disabled',
      actor: { type: 'worker' },
      at: h.clock.now(),
      details: { maker: ANN.email, tokens: 1, ended: `ci (${h.token.id})` },
    })
    expect(h.logLines.filter((line) => line.includes('tokens ended whose makers have left'))).toHaveLength(1)
    const browser = await signedIn(h, { addon: h.addon.name })
    const page = async () => (await browser.get(`${browser.base}/tokens`)).text.replace(/\s+/g, ' ')
    expect(await page()).toContain(
      `<strong>ci (${h.token.id})</strong></p> <p class="quiet">Made by ${ANN.email}`,
    )
  })

  test('stays where its maker came back in between, or works on another app that has the add-on', async () => {
    const h = await startWithToken()
    await h.leave()
    await days(h, 1)
    await h.heroku.customer.addCollaborator('service-1', { id: 'ann', email: 'new@example.com' })
    await days(h, 1)
    await h.heroku.customer.removeCollaborator('service-1', 'new@example.com')
    await days(h, 1)
    expect(await isGood(h, h.token.text)).toBe(true)
    await h.heroku.customer.createApp('service-2')
    await h.heroku.customer.attach({ addon: h.addon.name, app: 'service-2', as: 'SHARED' })
    await h.heroku.customer.addCollaborator('service-2', { email: 'Ann@example.com' })
    await days(h, 3)
    expect(await isGood(h, h.token.text)).toBe(true)
  })

  test('of a client that they enrolled ends too, and that of somebody else does not', async () => {
    const h = await startWithToken()
    const client = await enrolClient(h.deps, { resourceId: h.addon.id, actor: ANN, name: 'a client' })
    expect(client.outcome).toBe('made')
    const { customer } = h.heroku
    await customer.addCollaborator('service-1', { id: 'bob', email: 'bob@example.com' })
    const bobs = await tokenOf(h, ['read'], { actor: { ...ANN, userId: 'bob', email: 'bob@example.com' } })
    await h.leave()
    await days(h, 2)
    expect([await isGood(h, h.token.text), await isGood(h, bobs.text)]).toEqual([false, true])
    expect(await h.deps.db.selectFrom('clients').selectAll().execute()).toEqual([])
    expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
      details: { tokens: 2, ended: expect.stringContaining('a client (') },
    })
  })

  test('is not ended by a list that cannot be believed to be whole, nor by none, however often', async () => {
    const bob = { role: 'member', user: { id: 'bob', email: 'bob@example.com' } }
    const team = { role: 'owner', user: { id: 't', email: 'acme@herokumanager.com' } }
    const answers: Record<string, [status: number, body?: unknown]> = {
      empty: [200, []],
      'without the owner': [200, [bob]],
      'of the app of a team': [200, [team, bob]],
      'no list': [200, { id: 'maintenance' }],
      'without people': [200, [null, 7, {}, { role: 'owner' }, { role: 'owner', user: {} }]],
      refused: [403],
      'not found': [404],
      'not to be had': [503],
    }
    const h = await startWithToken({ plan: 'monthly' })
    await h.leave()
    for (const [what, [status, body]] of Object.entries(answers)) {
      const before = looks(h)
      h.heroku.faults.clear()
      h.heroku.faults.add({ match: COLLABORATORS, kind: 'status', status, body, times: 9 })
      await days(h, 3)
      expect(looks(h), what).toBeGreaterThan(before + 1)
      expect(await isGood(h, h.token.text), what).toBe(true)
    }
    expect(await kindsOf(h.deps, h.addon.id)).not.toContain('tokens-disabled')
  })
})

test('people who cannot be listed on several add-ons are no trouble of Heroku’s, and hold up no rotation', async () => {
  const h = await startWithToken()
  for (const app of ['service-2', 'service-3', 'service-4']) {
    await h.heroku.customer.createApp(app)
    const { id } = await h.heroku.customer.createAddon({ app, plan: 'fortnightly' })
    await tokenOf(h, ['read'], { resourceId: id })
  }
  const tokens = () => h.deps.db.selectFrom('oauth_tokens').select('resource_id').execute()
  await expect.poll(async () => (await tokens()).length).toBe(4)
  h.heroku.faults.add({ match: COLLABORATORS, kind: 'status', status: 503, times: 99 })
  await days(h, 1)
  // The configs of the others were compared just now.
  h.clock.advance(5 * MINUTE)
  await h.worker1.tick()
  expect(looks(h)).toBe(4)
  expect(await h.deps.troubles.verdicts()).toEqual([])
})

describe('a look', () => {
  test('is made once a day, for an add-on that has tokens, and no longer', async () => {
    const h = await startWithToken()
    await h.heroku.customer.createApp('service-2')
    await h.heroku.customer.createAddon({ app: 'service-2', plan: 'fortnightly' })
    for (let hour = 0; hour < 24; hour += 6) {
      await h.worker1.tick()
      h.clock.advance(6 * HOUR)
    }
    expect(looks(h)).toBe(0)
    await h.worker1.tick()
    h.clock.advance(5 * MINUTE)
    await h.worker1.tick()
    await h.worker1.tick()
    expect(looks(h)).toBe(1)
    await days(h, 2)
    expect(looks(h)).toBe(3)
    await endTokens(h.deps, { resourceId: h.addon.id, actor: ANN })
    await days(h, 2)
    expect(looks(h)).toBe(3)
    expect(await h.deps.db.selectFrom('maker_looks').selectAll().execute()).toEqual([])
    await tokenOf(h, ['read'])
    await days(h, 1)
    expect(looks(h)).toBe(4)
  })

  test('asks no further app once everybody is found, and ten at the most', async () => {
    const h = await startWithToken()
    for (let app = 2; app <= 12; app += 1) {
      await h.heroku.customer.createApp(`service-${app}`)
      await h.heroku.customer.attach({ addon: h.addon.name, app: `service-${app}`, as: 'SHARED' })
    }
    await h.leave()
    await days(h, 1)
    expect(looks(h)).toBe(10)
    await days(h, 2)
    // There are apps of which nobody was asked.
    expect(await isGood(h, h.token.text)).toBe(true)
  })

  test('is made by the part of the budget that pages have, and not while a worker waits for its own', async () => {
    const h = await startWithToken()
    h.clock.advance(DAY - MINUTE)
    await h.worker1.tick()
    h.clock.advance(MINUTE)
    // What comes next is promised to somebody.
    const soon = new Date(h.clock.now().getTime() + 1_000)
    await h.deps.db.updateTable('heroku_budget').set({ next_call_at: soon }).execute()
    await h.worker1.tick()
    expect(looks(h)).toBe(0)
    const budget = async () =>
      await h.deps.db.selectFrom('heroku_budget').selectAll().executeTakeFirstOrThrow()
    expect(await budget()).toMatchObject({ next_call_at: soon })
    h.clock.advance(5 * MINUTE)
    await h.worker1.tick()
    expect(looks(h)).toBe(1)
    expect(Number((await budget()).next_page_call_at)).toBeGreaterThan(h.clock.now().getTime())
  })
})
