import { expect, test } from 'vitest'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { useToken } from '../../src/flows/tokens/use-token.ts'
import { ask } from '../api/support/client.ts'
import { ANN } from '../api/support/token.ts'
import { holdKeyset, untilSomeWait } from '../engine/support/locks.ts'
import { keysOn, startWithAddon } from '../support/addon.ts'
import { type Answer, signedIn } from '../support/browser.ts'
import { historyOf, kindsOf } from '../support/resource.ts'

type Started = Awaited<ReturnType<typeof startWithAddon>>
type Signed = Awaited<ReturnType<typeof signedIn>>

const secretIn = ({ text }: Answer) => /sk_client_[0-9a-f]{16}_[0-9a-z]{58}/.exec(text)?.[0]
const wordsOf = ({ text }: Answer) => text.replace(/<[^>]*>/g, '').replace(/\s+/g, ' ')

async function startSignedIn() {
  const h = await startWithAddon()
  return { h, ann: await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' }) }
}
const post = async (browser: Signed, path: string, form: Record<string, string> = {}) =>
  await browser.post(`${browser.base}/${path}`, { form_token: await browser.token(), ...form })
const enrol = (browser: Signed, name = 'warehouse') => post(browser, 'clients', { name })
const isGood = async (h: Started, text = '') => (await useToken(h.deps, text, 'client')).outcome === 'active'
const pageOf = (browser: Signed) => browser.get(`${browser.base}/clients`)
const rotate = async (h: Started) => {
  await requestRotation(h.deps, { resourceId: h.addon.id, actor: ANN, evenIfTooSoon: true })
  await h.worker1.tick()
}

test('a client’s secret is shown once, when it is enrolled, with what to do with it', async () => {
  const { h, ann } = await startSignedIn()
  const made = await enrol(ann)
  expect([made.status, made.headers.get('cache-control')]).toEqual([200, 'no-store'])
  expect(wordsOf(made)).toMatch(/asks at http:\/\/127\.0\.0\.1:5000\/v1\/hand-over\. .*The hand-over is off/)
  const list = await pageOf(ann)
  expect(wordsOf(list)).toMatch(/warehouse .*Enrolled .* by ann@example\.com, never used/)
  for (const page of [list, await ann.get(ann.base)]) expect(secretIn(page)).toBeUndefined()
  expect(await isGood(h, secretIn(made))).toBe(true)
  // It is no API token, and no API token is a client.
  expect((await ann.get(`${ann.base}/tokens`)).text).not.toContain('warehouse')
  expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
    kind: 'client-enrolled',
    actor: { email: 'ann@example.com' },
    details: { name: 'warehouse' },
  })
})

test('what is wrong with a form for a client is said beside it, and its field is kept', async () => {
  const { ann } = await startSignedIn()
  const answer = await enrol(ann, '\u200b')
  expect(answer.status).toBe(422)
  expect(answer.text).toContain('Give the client a name')
  const quoted = await enrol(ann, '<b>x</b>')
  expect(quoted.text).toContain('&lt;b&gt;x&lt;/b&gt;')
})

test('clients are enrolled, and the hand-over is switched on, only by a sign-on that names its user', async () => {
  const h = await startWithAddon()
  const nobody = await signedIn(h, { addon: h.addon.name, tamper: { user_scoped_resource_token: null } })
  expect((await enrol(nobody)).status).toBe(403)
  expect((await post(nobody, 'hand-over/on')).status).toBe(403)
  const { text } = await pageOf(nobody)
  expect(text).not.toMatch(/Enrol the client|Switch the hand-over on/)
  // Off is the safe side.
  expect((await post(nobody, 'hand-over/off')).status).toBe(303)
  expect((await kindsOf(h.deps, h.addon.id)).slice(2)).toEqual(['signed-in'])
})

test('every form of the page belongs to the session that sends it', async () => {
  const { h, ann } = await startSignedIn()
  const secret = secretIn(await enrol(ann))
  const forms = [
    ['clients', { name: 'x' }],
    ['clients/end', { all: 'yes' }],
    ['hand-over/on', {}],
    ['hand-over/off', {}],
  ] as const
  for (const [path, form] of forms) {
    expect((await ann.post(`${ann.base}/${path}`, { ...form, form_token: 'x' })).status, path).toBe(403)
  }
  expect(await isGood(h, secret)).toBe(true)
  expect((await kindsOf(h.deps, h.addon.id)).at(-1)).toBe('client-enrolled')
})

test('clients are ended one by one or all at once', async () => {
  const { h, ann } = await startSignedIn()
  const texts = [
    secretIn(await enrol(ann, 'a')),
    secretIn(await enrol(ann, 'b')),
    secretIn(await enrol(ann, 'c')),
  ]
  const good = async () => await Promise.all(texts.map((text) => isGood(h, text)))
  const { location, status } = await post(ann, 'clients/end', { client: texts[1]?.slice(10, 26) ?? '' })
  expect([status, location]).toEqual([303, `${ann.base}/clients`])
  expect(await good()).toEqual([true, false, true])
  const words = wordsOf(await pageOf(ann))
  expect(words).toMatch(/A client that you end gets no keys any more.* End the client a/)
  expect(words).toContain('This ends every client at once')
  await post(ann, 'clients/end', { all: 'yes' })
  expect(await good()).toEqual([false, false, false])
})

test('the switch says what it does and what is risked before its button, and a revoke puts it back', async () => {
  const { h, ann } = await startSignedIn()
  const { text } = await pageOf(ann)
  const [risk, button] = [text.indexOf('What you risk'), text.indexOf('>Switch the hand-over on<')]
  expect(risk).toBeGreaterThan(0)
  expect(button).toBeGreaterThan(risk)
  expect((await post(ann, 'hand-over/on')).status).toBe(303)
  const on = await pageOf(ann)
  expect(wordsOf(on)).toMatch(/Hand-over: on .*is locked out at the next one.*Switch the hand-over off/)
  expect((await enrol(ann)).text).not.toContain('The hand-over is off')
  await revokeKeys(h.deps, { resourceId: h.addon.id, actor: { type: 'operator' } })
  const again = await signedIn(h, { addon: h.addon.name, userId: 'ann' })
  expect(wordsOf(await pageOf(again))).toContain('Hand-over: off')
})

test('the overview tells who asked for the first time under a key, and whoever came back with an older one', async () => {
  const { h, ann } = await startSignedIn()
  const secret = secretIn(await enrol(ann)) ?? ''
  await post(ann, 'hand-over/on')
  const key = keysOn(h).first
  await rotate(h)
  const overview = async () => wordsOf(await ann.get(ann.base))
  expect(await overview()).not.toContain('warehouse” first')
  await ask(h, { key, secret })
  expect(await overview()).toContain('The client “warehouse” first asked for the keys under the latest one')
  await ask(h, { key: keysOn(h).first, secret })
  expect(wordsOf(await pageOf(ann))).toMatch(
    /Has signed with the latest key\. Last signed with [0-9a-f]{8}, first asked/,
  )
  await ask(h, { key, secret })
  expect(await overview()).toContain(
    'The client “warehouse” came back with an older key than it had signed with before',
  )
  expect(wordsOf(await pageOf(ann))).toContain('End it and enrol it anew.')
  await post(ann, 'clients/end', { all: 'yes' })
  expect(await overview()).not.toContain('The client “warehouse” came back')
})

test('a session that a revoke ends while its form waits leaves no client behind', async () => {
  const { h, ann } = await startSignedIn()
  const fields = { form_token: await ann.token(), name: 'thief' }
  const held = await holdKeyset(h.deps.db, h.addon.id)
  const revoking = revokeKeys(h.deps, { resourceId: h.addon.id, actor: { type: 'operator' } })
  await untilSomeWait(h.deps.db, 1)
  const asked = ann.post(`${ann.base}/clients`, fields)
  await untilSomeWait(h.deps.db, 2)
  held.release()
  await revoking
  expect((await asked).status).toBe(403)
  expect(await h.deps.db.selectFrom('clients').selectAll().execute()).toEqual([])
})
