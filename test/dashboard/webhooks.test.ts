import { expect, test } from 'vitest'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { ANN } from '../api/support/token.ts'
import { tell } from '../notices/support/tell.ts'
import { webhookOf } from '../notices/support/webhook.ts'
import { startWithAddon } from '../support/addon.ts'
import { type Answer, signedIn } from '../support/browser.ts'
import { HOUR, SECOND } from '../support/harness.ts'
import { historyOf, kindsOf, provisionRequest, provisionResource, uuid } from '../support/resource.ts'

type Signed = Awaited<ReturnType<typeof signedIn>>

const secretIn = ({ text }: Answer) => /whsec_[A-Za-z0-9+/=&#;]{40,80}/.exec(text)?.[0]
const wordsOf = ({ text }: Answer) => text.replace(/<[^>]*>/g, '').replace(/\s+/g, ' ')

async function startSignedIn() {
  const h = await startWithAddon()
  const ann = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
  return { h, ann }
}
const post = async (browser: Signed, path: string, form: Record<string, string> = {}) =>
  await browser.post(`${browser.base}/notices/webhooks${path}`, {
    form_token: await browser.token(),
    ...form,
  })
const get = (browser: Signed, path = '') => browser.get(`${browser.base}/notices/webhooks${path}`)

test('a webhook is added with a word of what it will read before the button, and its secret is shown once', async () => {
  const { h, ann } = await startSignedIn()
  const before = (await get(ann)).text
  const [said, button] = [before.indexOf('reads every notice'), before.indexOf('>Add the webhook<')]
  expect(said).toBeGreaterThan(0)
  expect(button).toBeGreaterThan(said)
  const made = await post(ann, '', {
    name: 'on call',
    url: 'https://hooks.example.com/in?token=receivers-own',
  })
  expect([made.status, made.headers.get('cache-control')]).toEqual([200, 'no-store'])
  const secret = secretIn(made)
  expect(secret).toBeDefined()
  const list = await get(ann)
  expect(wordsOf(list)).toMatch(/on call https:\/\/hooks\.example\.com\/in\?… Added .* by ann@example\.com/)
  const [, id = ''] = /notices\/webhooks\/(wh_[0-9a-f]{16})/.exec(list.text) ?? []
  for (const page of [list, await get(ann, `/${id}`), await ann.get(`${ann.base}/history`)]) {
    expect(secretIn(page)).toBeUndefined()
    expect(page.text).not.toContain('receivers-own')
  }
  expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
    kind: 'webhook-added',
    actor: { email: 'ann@example.com' },
  })
})

test('what is wrong with the form is said beside it, and its fields are kept and quoted', async () => {
  const { ann } = await startSignedIn()
  const answer = await post(ann, '', { name: '<b>x</b>', url: 'https://169.254.169.254/' })
  expect(answer.status).toBe(422)
  expect(answer.text).toContain('The URL must hold a name, not an IP address.')
  expect(answer.text).toContain('&lt;b&gt;x&lt;/b&gt;')
  expect(answer.text).toContain('value="https://169.254.169.254/"')
  for (let added = 0; added < 5; added += 1)
    await post(ann, '', { name: 'x', url: 'https://hooks.example.com/' })
  const sixth = await post(ann, '', { name: 'x', url: 'https://hooks.example.com/' })
  expect([sixth.status, wordsOf(sixth)]).toEqual([
    422,
    expect.stringContaining('There are 5 webhooks already.'),
  ])
})

test('a test shows at once what the receiver said, and a second one within five seconds is put off', async () => {
  const { h, ann } = await startSignedIn()
  const { id, receiver } = await webhookOf(h)
  const { status, location } = await post(ann, `/${id}/test`)
  expect([status, location]).toEqual([303, `${ann.base}/notices/webhooks/${id}?tried`])
  expect(wordsOf(await ann.get(location ?? ''))).toContain(
    'Sent: the receiver took it (answered 204, after 0 ms).',
  )
  const soon = await post(ann, `/${id}/test`)
  expect([soon.status, wordsOf(soon)]).toEqual([429, expect.stringContaining('Wait five seconds')])
  receiver.answer((response) =>
    response.writeHead(302, { location: 'http://169.254.169.254/hidden' }).end('<script>'),
  )
  h.clock.advance(5 * SECOND)
  const refused = await post(ann, `/${id}/test`)
  const page = await ann.get(refused.location ?? '')
  expect(wordsOf(page)).toContain(
    'the receiver did not take it (answered 302, a redirect to http://169.254.169.254: none is followed',
  )
  expect(page.text).not.toMatch(/\/hidden|<script>/)
})

test('a delivery is sent again from its page, under the id that it shows', async () => {
  const { h, ann } = await startSignedIn()
  const { id, receiver } = await webhookOf(h, { answering: 500 })
  await requestRotation(h.deps, { resourceId: h.addon.id, actor: ANN, evenIfTooSoon: true })
  await tell(h)
  const page = await get(ann, `/${id}`)
  const [, delivery = ''] = /value="(whd_[0-9a-f]{16})"/.exec(page.text) ?? []
  expect(wordsOf(page)).toMatch(/Nothing arrives since .*: answered 500.*rotation done answered 500/)
  expect(page.text).toContain(String(receiver.posts[0]?.headers['webhook-id']))
  receiver.answer(200)
  await post(ann, `/${id}/resend`, { delivery })
  expect(receiver.posts[1]?.headers['webhook-id']).toBe(receiver.posts[0]?.headers['webhook-id'])
  expect(wordsOf(await get(ann, `/${id}`))).toContain('sent again by hand')
  expect((await post(ann, `/${id}/resend`, { delivery: 'whd_0000000000000000' })).status).toBe(404)
})

test('what was given up after three days is said on the page, and so is a webhook that is switched off', async () => {
  const { h, ann } = await startSignedIn()
  const { id, receiver } = await webhookOf(h, { answering: 503 })
  await requestRotation(h.deps, { resourceId: h.addon.id, actor: ANN, evenIfTooSoon: true })
  for (let hours = 0; hours < 78; hours += 3) {
    await tell(h)
    h.clock.advance(3 * HOUR)
  }
  const again = await signedIn(h, { addon: h.addon.name, userId: 'ann' })
  const notices = async () => wordsOf(await again.get(`${again.base}/notices`))
  for (const path of ['', `/${id}`])
    expect(wordsOf(await get(again, path))).toMatch(/Given up .*: answered 503/)
  expect(await notices()).toMatch(/alerts http:\/\/127\.0\.0\.1:[0-9]+\/hooks Given up .*: answered 503/)
  receiver.answer(410)
  await post(again, `/${id}/test`)
  expect(wordsOf(await get(again))).toMatch(/Switched off .*answered 410/)
  expect(await notices()).toMatch(/alerts .*Switched off .*answered 410/)
  const page = await get(again, `/${id}`)
  expect(wordsOf(page)).toMatch(/Nothing is sent until it takes a test.*switched on again/)
  expect(ann.base).toBe(again.base)
})

test('a secret is replaced with a word of the day on which both sign, and a webhook is removed for good', async () => {
  const { h, ann } = await startSignedIn()
  const { id, secret } = await webhookOf(h)
  const page = (await get(ann, `/${id}`)).text
  for (const [words, button] of [
    ['For 24 hours each notice is signed by both', '>Replace the secret</button>'],
    ['That cannot be taken back', '>Remove the webhook</button>'],
    ['show what the receiver says', '>Send a test</button>'],
  ] as const) {
    expect(page.indexOf(words), words).toBeGreaterThan(0)
    expect(page.indexOf(button), button).toBeGreaterThan(page.indexOf(words))
  }
  const replaced = await post(ann, `/${id}/secret`)
  expect(secretIn(replaced)).toBeDefined()
  expect(replaced.text).not.toContain(secret)
  expect(wordsOf(replaced)).toMatch(/The former secret signs beside it until .*4 Mar/)
  const { location } = await post(ann, `/${id}/remove`)
  expect(location).toBe(`${ann.base}/notices/webhooks`)
  expect(wordsOf(await get(ann))).toContain('There are no webhooks.')
  expect((await get(ann, `/${id}`)).status).toBe(404)
})

test('webhooks are handled only by a sign-on that names its user, and each form belongs to the session that sends it', async () => {
  const { h, ann } = await startSignedIn()
  const { id, receiver } = await webhookOf(h)
  h.clock.advance(SECOND)
  const nobody = await signedIn(h, { addon: h.addon.name, tamper: { user_scoped_resource_token: null } })
  const forms = ['', `/${id}/test`, `/${id}/resend`, `/${id}/secret`, `/${id}/remove`]
  const before = await kindsOf(h.deps, h.addon.id)
  for (const path of forms) {
    expect((await post(nobody, path, { name: 'x', url: receiver.url })).status, path).toBe(403)
    const forged = { name: 'x', url: receiver.url, form_token: 'x' }
    expect((await ann.post(`${ann.base}/notices/webhooks${path}`, forged)).status, path).toBe(403)
  }
  for (const path of ['', `/${id}`]) {
    expect((await get(nobody, path)).text).not.toMatch(
      />(Add the webhook|Send a test|Send again|Remove the webhook)</,
    )
  }
  expect(await kindsOf(h.deps, h.addon.id)).toEqual(before)
  expect(receiver.connections()).toBe(0)
})

test('the webhook of another add-on is a page that is not there', async () => {
  const { h, ann } = await startSignedIn()
  await provisionResource(h.deps, provisionRequest())
  const others = await webhookOf({ ...h, addon: { id: uuid(1) } })
  const foreign = await get(ann, `/${others.id}`)
  const unknown = await get(ann, '/wh_0000000000000000')
  expect([foreign.status, foreign.text]).toEqual([404, unknown.text])
  for (const path of ['test', 'secret']) expect((await post(ann, `/${others.id}/${path}`)).status).toBe(404)
  await post(ann, `/${others.id}/remove`)
  expect(others.receiver.connections()).toBe(0)
  expect(await kindsOf(h.deps, uuid(1))).toEqual(['provisioned', 'webhook-added'])
})
