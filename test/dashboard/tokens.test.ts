import { expect, test } from 'vitest'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { useToken } from '../../src/flows/tokens/use-token.ts'
import { holdKeyset, untilSomeWait } from '../engine/support/locks.ts'
import { startWithAddon } from '../support/addon.ts'
import { type Answer, type Browser, signedIn } from '../support/browser.ts'
import { historyOf } from '../support/resource.ts'

type Started = Awaited<ReturnType<typeof startWithAddon>>
type Signed = Awaited<ReturnType<typeof signedIn>>

const tokenIn = ({ text }: Answer) => /sk_api_[0-9a-f]{16}_[0-9a-z]{58}/.exec(text)?.[0]

async function startSignedIn() {
  const h = await startWithAddon()
  return { h, ann: await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' }) }
}

async function make(browser: Signed, form: Record<string, string> = {}): Promise<Answer> {
  const fields = { form_token: await browser.token(), name: 'ci', scope: 'read', life: '90d', ...form }
  return await browser.post(`${browser.base}/tokens`, fields)
}

const isGood = async (h: Started, text = '') => (await useToken(h.deps, text)).outcome === 'active'
const pageOf = async (browser: Browser & { base: string }) => await browser.get(`${browser.base}/tokens`)

test('a token is shown once, when it is made, and is never kept on the way', async () => {
  const { h, ann } = await startSignedIn()
  const made = await make(ann)
  expect(made.status).toBe(200)
  expect(made.headers.get('cache-control')).toBe('no-store')
  expect(await isGood(h, tokenIn(made))).toBe(true)
  const list = await pageOf(ann)
  expect(list.text).toMatch(/ci[\s\S]*read[\s\S]*ann@example\.com/)
  expect(tokenIn(list)).toBeUndefined()
  expect(tokenIn(await ann.get(ann.base))).toBeUndefined()
  expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
    kind: 'token-made',
    actor: { email: 'ann@example.com' },
    details: { scopes: 'read' },
  })
})

test('what is wrong with a form for a token is said beside it, and its fields are kept', async () => {
  const { ann } = await startSignedIn()
  const answer = await make(ann, { scope: 'everything', name: '<b>ci</b>' })
  expect(answer.status).toBe(422)
  expect(answer.text).toContain('Choose what the token may do')
  expect(answer.text).toContain('value="&lt;b&gt;ci&lt;/b&gt;"')
  expect((await make(ann, { life: '366d' })).status).toBe(422)
})

test('a token is made only by a sign-on that names its user', async () => {
  const h = await startWithAddon()
  const tamper = { user_scoped_resource_token: null }
  const nobody = await signedIn(h, { addon: h.addon.name, tamper })
  const answer = await make(nobody)
  expect(answer.status).toBe(403)
  expect(tokenIn(answer)).toBeUndefined()
  expect((await pageOf(nobody)).text).not.toContain('Make the token')
  expect(await h.deps.db.selectFrom('api_tokens').selectAll().execute()).toEqual([])
})

test('a token is made and ended only by a form of the session that sends it', async () => {
  const { h, ann } = await startSignedIn()
  expect((await make(ann, { form_token: 'x' })).status).toBe(403)
  const text = tokenIn(await make(ann))
  expect((await ann.post(`${ann.base}/tokens/end`, { form_token: 'x', all: 'yes' })).status).toBe(403)
  expect(await isGood(h, text)).toBe(true)
})

test('tokens are ended one by one or all at once', async () => {
  const { h, ann } = await startSignedIn()
  const texts = [tokenIn(await make(ann)), tokenIn(await make(ann)), tokenIn(await make(ann))]
  const good = async () => await Promise.all(texts.map((text) => isGood(h, text)))
  const end = async (form: Record<string, string>) =>
    await ann.post(`${ann.base}/tokens/end`, { form_token: await ann.token(), ...form })
  const { location, status } = await end({ token: texts[1]?.slice(7, 23) ?? '' })
  expect([status, location]).toEqual([303, `${ann.base}/tokens`])
  expect(await good()).toEqual([true, false, true])
  const { text } = await ann.get(`${ann.base}/tokens`)
  expect(text.indexOf('A token that you end is refused from then on.')).toBeGreaterThan(0)
  expect(text.indexOf('A token that you end')).toBeLessThan(text.indexOf('>End<'))
  await end({ all: 'yes' })
  expect(await good()).toEqual([false, false, false])
})

test('a revoke on the page ends the tokens that may read keys, unless the box says to keep them', async () => {
  const { h, ann } = await startSignedIn()
  expect((await ann.get(ann.base)).text).not.toContain('keep_tokens')
  const kept = tokenIn(await make(ann, { scope: 'keyring' }))
  expect((await ann.get(ann.base)).text).toContain('keep_tokens')
  const revoke = async (more: Record<string, string>) =>
    await ann.post(`${ann.base}/revoke`, { form_token: await ann.token(), name: h.addon.name, ...more })
  await revoke({ keep_tokens: 'yes' })
  expect(await isGood(h, kept)).toBe(true)
  await revoke({})
  expect(await isGood(h, kept)).toBe(false)
})

test('a session that a revoke ends while its form waits leaves no token behind', async () => {
  const { h, ann } = await startSignedIn()
  const fields = { form_token: await ann.token(), name: 'thief', scope: 'keyring', life: '365d' }
  const held = await holdKeyset(h.deps.db, h.addon.id)
  const revoking = revokeKeys(h.deps, { resourceId: h.addon.id, actor: { type: 'operator' } })
  await untilSomeWait(h.deps.db, 1)
  const asked = ann.post(`${ann.base}/tokens`, fields)
  await untilSomeWait(h.deps.db, 2)
  held.release()
  await revoking
  const answer = await asked
  expect(answer.status).toBe(403)
  expect(tokenIn(answer)).toBeUndefined()
  expect(await h.deps.db.selectFrom('api_tokens').selectAll().execute()).toEqual([])
})

test('the page says before the button what each scope lets a program change, and what ends a token', async () => {
  const { ann } = await startSignedIn()
  const [before = ''] = (await pageOf(ann)).text.split('Make the token</button>')
  // What the API lets a token with `rotate` change.
  for (const word of ['rotate', 'pause', 'windows', 'freezes', 'grace period', 'token life', 'next key']) {
    expect(before).toMatch(new RegExp(`<code>rotate</code>: [^<]*${word}`))
  }
  expect(before).toContain('A revoke ends the tokens that may read keys, and a token ends within two days')
})
