import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { signingSecrets } from '../../src/domain/notices/webhook-secret.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { openWebhook } from '../../src/flows/notices/webhooks/open-webhook.ts'
import { replaceWebhookSecret } from '../../src/flows/notices/webhooks/replace-secret.ts'
import { resendDelivery, testWebhook } from '../../src/flows/notices/webhooks/try-webhook.ts'
import {
  addWebhook,
  readDeliveries,
  readWebhooks,
  removeWebhook,
} from '../../src/flows/notices/webhooks/webhooks.ts'
import { renewDataKeys } from '../../src/flows/operations/renew-data-keys.ts'
import { rewrapDeks } from '../../src/flows/operations/rewrap-deks.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createSealing } from '../../src/sealing/sealing.ts'
import { ANN } from '../api/support/token.ts'
import { impatient, webhookOf } from '../notices/support/webhook.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'
import { startWithAddon } from '../support/addon.ts'
import { allRows } from '../support/all-rows.ts'
import { DAY, HOUR, SEALING_KEY, SECOND } from '../support/harness.ts'
import { historyOf, kindsOf, provisionRequest, provisionResource, uuid } from '../support/resource.ts'

const K1 = createLocalKek('k1', Buffer.from(SEALING_KEY.slice(3), 'base64'))
const K2 = createLocalKek('k2', Uint8Array.from(seededBytes('kek k2')(32)))

type Started = Awaited<ReturnType<typeof startWithAddon>>

const about = (h: Started) => ({ resourceId: h.addon.id, actor: ANN })
const add = (h: Started, url: string, name = 'alerts') => addWebhook(h.deps, { ...about(h), name, url })
const deliveriesOf = async (h: Started, id: string) =>
  (await readDeliveries(h.deps, { resourceId: h.addon.id, id }))?.deliveries ?? []
/** A press of the test button, some time after the last. */
const tryIt = (h: Started, id: string) => {
  h.clock.advance(5 * SECOND)
  return testWebhook(h.deps, { ...about(h), id })
}
const secretsNow = async (h: Started, id: string, deps = h.deps) => {
  const open = await openWebhook(deps, { resourceId: h.addon.id, id })
  return open ? signingSecrets(open.content, h.clock.now()) : []
}

test('a webhook is added by a person, and neither its secret nor what is secret of its URL stands in the database', async () => {
  const h = await startWithAddon()
  const added = await add(h, 'https://hooks.example.com/in?token=receivers-own-secret', ' alerts\u0007 ')
  if (added.outcome !== 'added') throw new Error(added.outcome)
  const { webhook, secret } = added
  expect(webhook).toMatchObject({
    name: 'alerts',
    shownUrl: 'https://hooks.example.com/in?…',
    offSince: null,
  })
  expect((await readWebhooks(h.deps, h.addon.id)).webhooks).toEqual([webhook])
  expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
    kind: 'webhook-added',
    actor: ANN,
    details: { webhook: webhook.id, name: 'alerts', url: 'https://hooks.example.com/in?…' },
  })
  const rows = (await allRows(h.deps.db)).join('\n')
  for (const text of [secret, 'receivers-own-secret']) {
    expect(rows).not.toContain(text)
    expect(h.logLines.join('')).not.toContain(text)
  }
})

test('a URL or name that cannot be taken is refused in words, and nothing is written', async () => {
  const h = await startWithAddon({ env: { ADDON_URL: 'https://securekey.example.com' } })
  for (const url of [
    'http://127.0.0.1:4000/',
    'https://127.0.0.1/',
    'https://10.0.0.1/',
    'https://localhost/',
  ]) {
    await expect(add(h, url), url).rejects.toThrow('The URL must')
  }
  await expect(add(h, 'https://hooks.example.com/', '\u200b')).rejects.toThrow('Give the webhook a name')
  expect((await readWebhooks(h.deps, h.addon.id)).webhooks).toEqual([])
  expect(await kindsOf(h.deps, h.addon.id)).toEqual(['provisioned', 'grant-exchanged'])
})

test('an add-on has five webhooks at the most, and a removed one makes room', async () => {
  const h = await startWithAddon()
  const url = 'https://hooks.example.com/'
  // All at once, as somebody's script may come.
  const asked = await Promise.allSettled(Array.from({ length: 8 }, () => add(h, url)))
  expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
  await expect(add(h, url)).rejects.toMatchObject({ code: 'too-many' })
  const { webhooks } = await readWebhooks(h.deps, h.addon.id)
  const id = webhooks[0]?.id ?? ''
  expect(await removeWebhook(h.deps, { ...about(h), id })).toMatchObject({ id })
  expect(await removeWebhook(h.deps, { ...about(h), id })).toBeUndefined()
  expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({ kind: 'webhook-removed' })
  expect(await add(h, url)).toMatchObject({ outcome: 'added' })
})

test('a test is signed, says what it is, and stands in the list with what the receiver said', async () => {
  const h = await startWithAddon()
  const { id, secret, receiver } = await webhookOf(h)
  // The verifying library takes the time from the machine.
  h.clock.advance(Date.now() - h.clock.now().getTime())
  const sent = await testWebhook(h.deps, { ...about(h), id })
  expect(sent).toMatchObject({
    outcome: 'sent',
    switchedOn: false,
    delivery: { cause: 'test', told: true, status: 204, words: 'answered 204' },
  })
  const [{ headers, body } = { headers: {}, body: '' }] = receiver.posts
  const read = new Webhook(secret).verify(body, headers as Record<string, string>)
  expect(read).toEqual({
    type: 'securekey.test',
    timestamp: h.clock.now().toISOString(),
    data: {
      resource: h.addon.id,
      seq: null,
      text: `This is a test: notices of ${h.addon.name} arrive here.`,
      facts: { addon: h.addon.name },
    },
  })
  expect(headers['webhook-id']).toMatch(new RegExp(`^${h.addon.id}_test_[0-9a-f]{16}$`))
  expect(await deliveriesOf(h, id)).toMatchObject([{ status: 204, notice: { kind: 'test' } }])
})

test('a receiver is reached by hand once in five seconds, however many press', async () => {
  const h = await startWithAddon()
  const { id, receiver } = await webhookOf(h)
  const pressed = await Promise.all(Array.from({ length: 4 }, () => testWebhook(h.deps, { ...about(h), id })))
  expect(pressed.map(({ outcome }) => outcome).sort()).toEqual(['sent', 'too-soon', 'too-soon', 'too-soon'])
  expect(receiver.posts).toHaveLength(1)
  expect(await tryIt(h, id)).toMatchObject({ outcome: 'sent' })
})

test('a delivery is sent once more under its id and with its words, and is told apart in the list', async () => {
  const h = await startWithAddon()
  const { id, receiver } = await webhookOf(h, { answering: 500 })
  await tryIt(h, id)
  receiver.answer(200)
  h.clock.advance(HOUR)
  const [delivery] = await deliveriesOf(h, id)
  const again = await resendDelivery(h.deps, { ...about(h), id, delivery: delivery?.id ?? '' })
  expect(again).toMatchObject({ outcome: 'sent', delivery: { cause: 'resend', status: 200 } })
  const [first, second] = receiver.posts
  expect(second?.body).toBe(first?.body)
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
  expect(second?.headers['webhook-timestamp']).not.toBe(first?.headers['webhook-timestamp'])
  expect((await deliveriesOf(h, id)).map(({ cause, told }) => [cause, told])).toEqual([
    ['resend', true],
    ['test', false],
  ])
})

test('twenty deliveries are kept of each webhook, whatever the receiver says', async () => {
  const h = await startWithAddon()
  const [{ id, receiver }, other] = [await webhookOf(h), await webhookOf(h)]
  receiver.answer((response) =>
    response.writeHead(500, { 'x-secret': 'of the receiver' }).end('receivers-own-words'),
  )
  await tryIt(h, other.id)
  for (let sent = 0; sent < 25; sent += 1) await tryIt(h, id)
  const kept = await deliveriesOf(h, id)
  expect(kept).toHaveLength(20)
  const stored = await h.deps.db
    .selectFrom('webhook_deliveries')
    .select('id')
    .where('webhook_id', '=', id)
    .execute()
  expect(stored).toHaveLength(20)
  const moments = kept.map(({ at }) => at.getTime())
  expect(moments).toEqual(moments.toSorted((a, b) => b - a))
  expect(moments[0]).toBe(h.clock.now().getTime())
  expect(await deliveriesOf(h, other.id)).toHaveLength(1)
  // Of an answer the status alone.
  expect((await allRows(h.deps.db)).join('\n')).not.toMatch(/of the receiver|receivers-own-words/)
})

test('one that says 410 is switched off, and a test that it takes switches it on again', async () => {
  const h = await startWithAddon()
  const { id, receiver } = await webhookOf(h, { answering: 410 })
  await tryIt(h, id)
  expect((await readWebhooks(h.deps, h.addon.id)).webhooks).toMatchObject([{ offSince: h.clock.now() }])
  await tryIt(h, id)
  receiver.answer(200)
  expect(await tryIt(h, id)).toMatchObject({ switchedOn: true })
  expect((await readWebhooks(h.deps, h.addon.id)).webhooks).toMatchObject([{ offSince: null }])
  expect((await kindsOf(h.deps, h.addon.id)).slice(-3)).toEqual([
    'webhook-added',
    'webhook-switched-off',
    'webhook-switched-on',
  ])
})

test('a replaced secret signs for a day more beside the new one, also while deliveries are under way', async () => {
  const h = await startWithAddon()
  const { id, secret, receiver } = await webhookOf(h)
  let replaced: Awaited<ReturnType<typeof replaceWebhookSecret>> | undefined
  receiver.answer(async (response) => {
    // While the receiver thinks, somebody replaces the secret: what is under way was signed by the former alone.
    replaced ??= await replaceWebhookSecret(h.deps, { ...about(h), id })
    response.writeHead(204).end()
  })
  expect(await tryIt(h, id)).toMatchObject({ delivery: { told: true } })
  if (replaced?.outcome !== 'replaced') throw new Error('not replaced')
  await tryIt(h, id)
  const signatures = receiver.posts.map(
    ({ headers }) => String(headers['webhook-signature']).split(' ').length,
  )
  expect(signatures).toEqual([1, 2])
  expect(await secretsNow(h, id)).toEqual([replaced.secret, secret])
  h.clock.advance(DAY)
  expect(await secretsNow(h, id)).toEqual([replaced.secret])
  expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({ kind: 'webhook-secret-replaced' })
  expect(h.logLines.join('')).not.toContain(replaced.secret)
})

test('a webhook is reached by its own add-on alone: of another its id is worth nothing', async () => {
  const h = await startWithAddon()
  const { id, receiver } = await webhookOf(h)
  await tryIt(h, id)
  const delivery = (await deliveriesOf(h, id))[0]?.id ?? ''
  await provisionResource(h.deps, provisionRequest())
  const others = { resourceId: uuid(1), actor: ANN, id }
  expect(await readDeliveries(h.deps, others)).toBeUndefined()
  expect(await testWebhook(h.deps, others)).toEqual({ outcome: 'unknown' })
  expect(await resendDelivery(h.deps, { ...others, delivery })).toEqual({ outcome: 'unknown' })
  expect(await replaceWebhookSecret(h.deps, others)).toEqual({ outcome: 'unknown' })
  expect(await removeWebhook(h.deps, others)).toBeUndefined()
  expect(receiver.posts).toHaveLength(1)
  const own = await webhookOf({ ...h, addon: { id: uuid(1) } })
  expect(await resendDelivery(h.deps, { ...others, id: own.id, delivery })).toEqual({ outcome: 'unknown' })
})

test('a sealed webhook that was copied to another row sends nothing', async () => {
  const h = await startWithAddon()
  const [a, b] = [await webhookOf(h), await webhookOf(h)]
  const { db } = h.deps
  const { sealed_webhook } = await db
    .selectFrom('webhooks')
    .select('sealed_webhook')
    .where('id', '=', a.id)
    .executeTakeFirstOrThrow()
  await db.updateTable('webhooks').set({ sealed_webhook }).where('id', '=', b.id).execute()
  await expect(testWebhook(h.deps, { ...about(h), id: b.id })).rejects.toMatchObject({
    code: 'sealed-value-unreadable',
  })
  await provisionResource(h.deps, provisionRequest())
  await db
    .updateTable('webhooks')
    .set({ resource_id: uuid(1) })
    .where('id', '=', a.id)
    .execute()
  await expect(testWebhook(h.deps, { ...about(h), resourceId: uuid(1), id: a.id })).rejects.toMatchObject({
    code: 'sealed-value-unreadable',
  })
  expect([a.receiver.connections(), b.receiver.connections()]).toEqual([0, 0])
})

test('a rewrap, new data keys and a revoke carry webhooks along', async () => {
  const h = await startWithAddon()
  const { id, secret } = await webhookOf(h)
  const withKeks = (...keks: (typeof K1)[]) => ({ ...h.deps, sealing: createSealing(keks, h.deps.random) })
  await rewrapDeks(withKeks(K2, K1))
  expect(await secretsNow(h, id, withKeks(K2))).toEqual([secret])
  const sealedOf = async () =>
    (await h.deps.db.selectFrom('webhooks').select('sealed_webhook').executeTakeFirstOrThrow()).sealed_webhook
  const before = await sealedOf()
  await renewDataKeys(withKeks(K2, K1))
  expect((await sealedOf()).equals(before)).toBe(false)
  const renewed = await sealedOf()
  await revokeKeys(withKeks(K2), { resourceId: h.addon.id, actor: { type: 'operator' } })
  expect((await sealedOf()).equals(renewed)).toBe(false)
  expect(await secretsNow(h, id, withKeks(K2))).toEqual([secret])
})

test('a data key that is renewed while a webhook is added leaves one that opens', async () => {
  const h = await startWithAddon()
  const sealing = createSealing([K2, K1], h.deps.random)
  let renewed = 0
  const deps = {
    ...h.deps,
    sealing: {
      ...sealing,
      async forNotices(...place: Parameters<typeof sealing.forNotices>) {
        const sealer = await sealing.forNotices(...place)
        if (renewed === 0) renewed += (await renewDataKeys({ ...h.deps, sealing })).renewed
        return sealer
      },
    },
  }
  const url = 'https://hooks.example.com/'
  const added = await addWebhook(deps, { ...about(h), name: 'alerts', url })
  if (added.outcome !== 'added') throw new Error(added.outcome)
  expect(renewed).toBe(1)
  expect(await secretsNow(h, added.webhook.id, { ...h.deps, sealing })).toEqual([added.secret])
})

test('with its add-on a webhook goes, its secret and its deliveries too; a POST that is under way is noted nowhere', async () => {
  const h = await startWithAddon()
  const { id, receiver } = await webhookOf(h)
  await tryIt(h, id)
  receiver.answer(async (response) => {
    await deprovision(h.deps, { resourceId: h.addon.id })
    response.writeHead(410).end()
  })
  expect(await tryIt(h, id)).toMatchObject({ delivery: { status: 410 } })
  const { db } = h.deps
  expect(await db.selectFrom('webhooks').selectAll().execute()).toEqual([])
  expect(await db.selectFrom('webhook_deliveries').selectAll().execute()).toEqual([])
  await expect(testWebhook(h.deps, { ...about(h), id })).rejects.toMatchObject({ code: 'resource-gone' })
})

test('a receiver that hangs is told as such', async () => {
  const h = await startWithAddon()
  impatient(h)
  const { id } = await webhookOf(h, { answering: () => undefined })
  expect(await tryIt(h, id)).toMatchObject({
    delivery: { told: false, status: null, words: 'no answer in time' },
  })
})
