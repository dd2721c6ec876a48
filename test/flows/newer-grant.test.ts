import { expect, test } from 'vitest'
import type { Deps } from '../../src/flows/deps.ts'
import { claimDueGrants, exchangeGrant } from '../../src/flows/grants/exchange-grants.ts'
import { createGrantFinish } from '../../src/flows/grants/finish-grant.ts'
import type { ClaimedGrant } from '../../src/store/oauth-grants.ts'
import { loadTokens, type NewTokens } from '../../src/store/oauth-tokens.ts'
import { MINUTE, SECOND, startHarness } from '../support/harness.ts'
import { kindsOf, provisionRequest, provisionResource, tokenCalls, uuid } from '../support/resource.ts'

const ID = uuid(1)

/** A resource whose grant code `older` waits, claimed by the process that took it. */
async function start() {
  const h = await startHarness()
  const { deps, clock } = h
  const finish = createGrantFinish(deps)
  const offer = async (code: string) => {
    const expiresAt = new Date(clock.now().getTime() + 5 * MINUTE)
    return (await provisionResource(deps, provisionRequest({ grant: { code, expiresAt } }))).grant
  }
  return { ...h, finish, offer, older: taken(await offer('older')) }
}

function taken(grant: ClaimedGrant | null): ClaimedGrant {
  if (!grant) throw new Error('the code was not taken')
  return grant
}

/** Tokens that Heroku gave for a code; only their shape is real. */
function tokensFor(deps: Deps, code: string): NewTokens {
  const accessExpiresAt = new Date(deps.now().getTime() + MINUTE)
  return { sealedAccessToken: Buffer.from(`access for ${code}`), sealedRefreshToken: null, accessExpiresAt }
}

const grantOf = ({ db }: Deps) => db.selectFrom('oauth_grants').selectAll().executeTakeFirstOrThrow()

test('a newer code that comes while an older one waits takes its place, and a late answer to the older one is void', async () => {
  const { deps, finish, offer, older } = await start()
  const newer = taken(await offer('newer'))
  const waiting = await grantOf(deps)

  await finish(older, tokensFor(deps, 'older'))
  expect(await loadTokens(deps.db, ID)).toBeNull()
  await finish(older, null)
  expect(await grantOf(deps)).toEqual(waiting)
  expect(await kindsOf(deps, ID)).toEqual(['provisioned', 'provision-repeated'])

  await finish(newer, tokensFor(deps, 'newer'))
  expect(await loadTokens(deps.db, ID)).toMatchObject({ sealedAccessToken: Buffer.from('access for newer') })
  expect(await grantOf(deps)).toMatchObject({ state: 'exchanged', sealed_code: null })
  expect(await kindsOf(deps, ID)).toEqual(['provisioned', 'provision-repeated', 'grant-exchanged'])
})

test('an older code whose exchange fails late neither delays the newer one nor loses it', async () => {
  const { deps, clock, finish, offer, older } = await start()
  await offer('newer')
  const waiting = await grantOf(deps)
  // Heroku knows none of these codes.
  await exchangeGrant(deps, finish, older)
  expect(await grantOf(deps)).toEqual(waiting)
  clock.advance(5 * MINUTE - SECOND)
  await exchangeGrant(deps, finish, older)
  expect(await grantOf(deps)).toEqual(waiting)
  expect(await kindsOf(deps, ID)).toEqual(['provisioned', 'provision-repeated'])
})

test('a newer code belongs to the process that took it, and to anybody when that one is not heard of', async () => {
  const { deps, clock, offer } = await start()
  clock.advance(10 * SECOND)
  const newer = taken(await offer('newer'))
  // The older one would be due by now.
  clock.advance(10 * SECOND)
  expect(await claimDueGrants(deps, 5)).toEqual([])
  clock.advance(5 * SECOND)
  const [claimed] = await claimDueGrants(deps, 5)
  expect(claimed).toMatchObject({ sealedCode: newer.sealedCode })
  expect(Number(claimed?.fence)).toBeGreaterThan(Number(newer.fence))
})

test.each<[string, (deps: Deps, older: ClaimedGrant) => Promise<unknown>]>([
  ['while it waits', async () => {}],
  ['when it was lost', (deps, older) => createGrantFinish(deps)(older, null)],
  ['when it was exchanged', (deps, older) => createGrantFinish(deps)(older, tokensFor(deps, 'older'))],
])('a code that was seen before is not taken again %s', async (_when, happens) => {
  const { deps, offer, older } = await start()
  await happens(deps, older)
  const before = await grantOf(deps)
  expect(await offer('older')).toBeNull()
  expect(await grantOf(deps)).toEqual(before)
})

test('a newer code is not taken by an add-on that has tokens', async () => {
  const { deps, finish, offer, older } = await start()
  await finish(older, tokensFor(deps, 'older'))
  expect(await offer('newer')).toBeNull()
  expect(await loadTokens(deps.db, ID)).toMatchObject({ generation: 1 })
})

test('a newer code takes the place of one that was lost', async () => {
  const { deps, finish, offer, older } = await start()
  await finish(older, null)
  const newer = taken(await offer('newer'))
  await finish(newer, tokensFor(deps, 'newer'))
  expect(await kindsOf(deps, ID)).toEqual([
    'provisioned',
    'grant-lost',
    'provision-repeated',
    'grant-exchanged',
  ])
})

test('of two newer codes that come at once one stays in the end, and only its answer counts', async () => {
  const h = await start()
  const offered = await Promise.all(['a', 'b', 'c'].map(h.offer))
  const { sealed_code, fence } = await grantOf(h.deps)
  const last = offered.find((grant) => grant?.fence === fence)
  expect(last?.sealedCode).toEqual(sealed_code)
  for (const grant of offered) if (grant && grant !== last) await h.finish(grant, tokensFor(h.deps, 'late'))
  expect(await loadTokens(h.deps.db, ID)).toBeNull()
  expect(tokenCalls(h, 'authorization_code')).toEqual([])
})
