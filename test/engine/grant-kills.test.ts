import { expect, test } from 'vitest'
import { openDatabase } from '../../src/store/database.ts'
import { clientOfClock } from '../support/clocked-client.ts'
import { DAY, type Harness, MINUTE, SECOND, startHarness } from '../support/harness.ts'
import { startLife } from './support/customer-app.ts'
import { cutConnection, holdKeyset } from './support/locks.ts'
import { type Death, mortalProcess } from './support/mortal-process.ts'
import { PATIENCE } from './support/patience.ts'
import { tickAndTell, tickOf } from './support/ticks.ts'

const GRANT_LEASE_AND_MORE = 50 * SECOND

/** An add-on whose grant waits, because the first exchange failed; a process that exchanges it and dies at a point. */
async function exchangeAndDie(h: Harness, app: string, death: Death | undefined) {
  await h.heroku.customer.createApp(app)
  h.heroku.faults.add({ match: { method: 'POST' }, kind: 'status', status: 503 })
  const { id } = await h.heroku.customer.createAddon({ app, plan: 'fortnightly' })
  await untilPutBack(h, id)
  h.clock.advance(11 * SECOND)
  const mortal = mortalProcess(h.deps, h.databaseUrl, death)
  const lived = await mortal.live((deps) => tickOf(deps))
  await mortal.end()
  for (let round = 0; round < 6; round += 1) {
    h.clock.advance(GRANT_LEASE_AND_MORE)
    await tickOf(h.deps)
  }
  const { state } = await grantOf(h, id)
  const tokens = await h.deps.db
    .selectFrom('oauth_tokens')
    .select('generation')
    .where('resource_id', '=', id)
    .execute()
  const used = h.heroku.view
    .apiCalls()
    .filter((call) => call.addonId === id && call.path === '/oauth/token' && call.status === 200)
  await h.heroku.customer.destroyApp(app)
  return { lived, points: mortal.points, state, tokens: tokens.length, used: used.length }
}

async function grantOf({ deps: { db } }: Harness, id: string) {
  return await db
    .selectFrom('oauth_grants')
    .selectAll()
    .where('resource_id', '=', id)
    .executeTakeFirstOrThrow()
}

/** A failed exchange is put back for ten seconds. */
async function untilPutBack(h: Harness, id: string): Promise<void> {
  const wakeAt = async () => (await grantOf(h, id)).wake_at?.getTime()
  await expect.poll(wakeAt, PATIENCE).toBe(h.clock.now().getTime() + 10 * SECOND)
}

/** Two add-ons whose grants wait, because the first exchanges failed, and are due again; in the order of their ids. */
async function twoWaitingGrants(h: Harness): Promise<[string, string]> {
  const ids: string[] = []
  for (const app of ['service-1', 'service-2']) {
    await h.heroku.customer.createApp(app)
    h.heroku.faults.add({ match: { method: 'POST' }, kind: 'status', status: 503 })
    const { id } = await h.heroku.customer.createAddon({ app, plan: 'fortnightly' })
    await untilPutBack(h, id)
    ids.push(id)
  }
  h.clock.advance(11 * SECOND)
  return ids.sort() as [string, string]
}

test(
  'a process killed at any point of a grant exchange loses the grant only if Heroku had used the code up',
  async () => {
    const h = await startHarness()
    const reference = await exchangeAndDie(h, 'app-0', undefined)
    expect(reference).toMatchObject({ lived: true, state: 'exchanged', tokens: 1, used: 1 })
    const lost: string[] = []
    for (const [index, point] of reference.points.entries()) {
      const story = await exchangeAndDie(h, `app-${index + 1}`, point)
      const at = `${point.name} #${point.nth}`
      // A code works once: whoever dies between Heroku's answer and the commit takes the tokens along.
      expect.soft(story.used, at).toBe(1)
      expect.soft(story.tokens, at).toBe(story.state === 'exchanged' ? 1 : 0)
      expect.soft(['exchanged', 'lost'], at).toContain(story.state)
      if (story.state === 'lost') lost.push(point.name)
    }
    const afterTheAnswer =
      /^(after call exchangeGrant|before a transaction|before commit of .*|before .*, within)$/
    expect(lost.filter((name) => !afterTheAnswer.test(name))).toEqual([])
    expect(lost).toContain('after call exchangeGrant')
    expect(h.logLines.filter((line) => line.includes('grant lost'))).toHaveLength(lost.length)
    console.log(
      `kill points of a grant exchange: ${reference.points.length} tried, ${lost.length} lose the grant`,
    )
  },
  5 * MINUTE,
)

test('an add-on that is locked for too long costs no other the tokens that Heroku has handed out', async () => {
  const h = await startHarness()
  const [locked, other] = await twoWaitingGrants(h)
  const db = openDatabase({
    url: h.databaseUrl,
    poolSize: 3,
    onIdleError: () => {},
    Client: clientOfClock(h.clock.now),
    statementTimeoutMs: 1_000,
  })
  const held = await holdKeyset(h.deps.db, locked)
  await tickOf({ ...h.deps, db })
  expect(await grantOf(h, other)).toMatchObject({ state: 'exchanged' })
  expect(await grantOf(h, locked)).toMatchObject({ state: 'waiting' })
  held.release()
  await db.destroy()
})

test('a connection that is cut while tokens are being stored costs none of them', async () => {
  const h = await startHarness()
  const ids = await twoWaitingGrants(h)
  const cut = { name: 'before save-tokens, within', nth: 1, instead: cutConnection(h) }
  const process = mortalProcess(h.deps, h.databaseUrl, cut)
  await tickAndTell(process.deps)
  await process.end()
  for (const id of ids) expect(await grantOf(h, id)).toMatchObject({ state: 'exchanged' })
  expect(h.logLines.filter((line) => line.includes('interrupted'))).toEqual([])
})

test('a connection that is cut while refreshed tokens are being stored costs none of them', async () => {
  const life = await startLife()
  life.clock.advance(14 * DAY)
  const cut = { name: 'before number-events, within', nth: 1, instead: cutConnection(life) }
  const process = mortalProcess(life.deps, life.databaseUrl, cut)
  expect(await tickAndTell(process.deps)).toMatchObject({ promoted: 1, failed: 0 })
  await process.end()
  expect((await life.kinds()).filter((kind) => kind === 'access-token-refreshed')).toHaveLength(1)
})
