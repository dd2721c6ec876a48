import { expect, test } from 'vitest'
import { type Harness, MINUTE, SECOND, startHarness } from '../support/harness.ts'
import { type Death, mortalProcess } from './support/mortal-process.ts'
import { tickOf } from './support/ticks.ts'

const GRANT_LEASE_AND_MORE = 50 * SECOND

/** An add-on whose grant waits, because the first exchange failed; a process that exchanges it and dies at a point. */
async function exchangeAndDie(h: Harness, app: string, death: Death | undefined) {
  await h.heroku.customer.createApp(app)
  h.heroku.faults.add({ match: { method: 'POST' }, kind: 'status', status: 503 })
  const { id } = await h.heroku.customer.createAddon({ app, plan: 'fortnightly' })
  const grantOf = () =>
    h.deps.db.selectFrom('oauth_grants').selectAll().where('resource_id', '=', id).executeTakeFirstOrThrow()
  const putBackAt = async () => (await grantOf()).wake_at?.getTime()
  await expect.poll(putBackAt, { interval: 5 }).toBe(h.clock.now().getTime() + 10 * SECOND)
  h.clock.advance(11 * SECOND)
  const mortal = mortalProcess(h.deps, h.databaseUrl, death)
  const lived = await mortal.live((deps) => tickOf(deps))
  await mortal.end()
  for (let round = 0; round < 6; round += 1) {
    h.clock.advance(GRANT_LEASE_AND_MORE)
    await tickOf(h.deps)
  }
  const { state } = await grantOf()
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
    expect(lost.every((name) => /exchangeGrant|a transaction|before commit/.test(name))).toBe(true)
    expect(lost).toContain('after call exchangeGrant')
    expect(h.logLines.filter((line) => line.includes('grant lost'))).toHaveLength(lost.length)
    console.log(
      `kill points of a grant exchange: ${reference.points.length} tried, ${lost.length} lose the grant`,
    )
  },
  5 * MINUTE,
)
