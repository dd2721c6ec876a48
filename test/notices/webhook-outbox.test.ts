import { expect, test } from 'vitest'
import { pauseRotation, resumeSchedule } from '../../src/flows/dashboard/pause-rotation.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { setGracePeriod } from '../../src/flows/dashboard/set-grace-period.ts'
import { createChannels } from '../../src/flows/notices/channels.ts'
import { createDeliveries } from '../../src/flows/notices/deliver.ts'
import { lookForNotices } from '../../src/flows/notices/look.ts'
import { replaceWebhookSecret } from '../../src/flows/notices/webhooks/replace-secret.ts'
import { testWebhook } from '../../src/flows/notices/webhooks/try-webhook.ts'
import { readDeliveries, readWebhooks, removeWebhook } from '../../src/flows/notices/webhooks/webhooks.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { listCursors } from '../../src/store/notice-cursors.ts'
import { ANN } from '../api/support/token.ts'
import { type HarnessWithAddon, startWithAddon } from '../support/addon.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../support/harness.ts'
import { kindsOf } from '../support/resource.ts'
import type { Receiver } from './support/receiver.ts'
import { linesOf, tell } from './support/tell.ts'
import { impatient, webhookOf } from './support/webhook.ts'

const about = (h: HarnessWithAddon) => ({ resourceId: h.addon.id, actor: ANN })
const rotate = async (h: HarnessWithAddon) => {
  await requestRotation(h.deps, { ...about(h), evenIfTooSoon: true })
  await tell(h)
}
const bodiesOf = ({ posts }: Receiver) => posts.map(({ body }) => JSON.parse(body))
const typesOf = (receiver: Receiver) => bodiesOf(receiver).map(({ type }) => type)
const seqsOf = (receiver: Receiver): number[] => bodiesOf(receiver).map(({ data }) => data.seq)
const idsOf = ({ posts }: Receiver) => posts.map(({ headers }) => headers['webhook-id'])
const cursorOf = async (h: HarnessWithAddon, id: string) =>
  (await listCursors(h.deps.db, h.addon.id, 'webhook')).find(({ target }) => target.id === id)?.cursor
const causesOf = async (h: HarnessWithAddon, id: string) =>
  (await readDeliveries(h.deps, { resourceId: h.addon.id, id }))?.deliveries.map(({ cause, words }) => [
    cause,
    words,
  ])
/** Something that is told of and restarts nothing. */
const pauseAndResume = async (h: HarnessWithAddon) => {
  await pauseRotation(h.deps, { ...about(h), until: null, reason: 'audit' })
  await resumeSchedule(h.deps, about(h))
}

test('a rotation is told to the webhook, signed and in words, and nothing of what was before the webhook', async () => {
  const h = await startWithAddon()
  await rotate(h)
  const { id, receiver } = await webhookOf(h)
  await tell(h)
  expect(receiver.posts).toEqual([])
  await rotate(h)
  const [{ headers } = { headers: {} }] = receiver.posts
  expect(headers).toMatchObject({
    'webhook-id': expect.stringMatching(/^[\w-]+$/),
    'webhook-timestamp': String(h.clock.now().getTime() / 1_000),
    'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
  })
  expect(bodiesOf(receiver)).toEqual([
    {
      type: 'securekey.rotation-done',
      timestamp: h.clock.now().toISOString(),
      data: {
        resource: h.addon.id,
        seq: expect.any(Number),
        text: expect.stringContaining(`${h.addon.name} was rotated to key`),
        facts: expect.objectContaining({ addon: h.addon.name, reason: 'manual', by: 'ann@example.com' }),
      },
    },
  ])
  await tell(h)
  expect(receiver.posts).toHaveLength(1)
  expect(await causesOf(h, id)).toEqual([['outbox', 'answered 204']])
})

test('a receiver that answers 500 for two days and then 200 gets everything, in order', async () => {
  const h = await startWithAddon()
  const { id, receiver } = await webhookOf(h, { answering: 500 })
  for (let hour = 0; hour < 48; hour += 2) {
    if (hour % 8 === 0) await pauseAndResume(h)
    h.clock.advance(2 * HOUR)
    await tell(h)
  }
  // Again and again the first one alone, under one id.
  expect(new Set(idsOf(receiver)).size).toBe(1)
  const tries = receiver.posts.length
  expect(tries).toBeGreaterThan(20)
  expect(await cursorOf(h, id)).toMatchObject({ lastFailure: 'answered 500', givenUp: null })
  receiver.answer(200)
  h.clock.advance(HOUR)
  await tell(h)
  const told = seqsOf(receiver).slice(tries)
  expect(told).toHaveLength(12)
  expect(told).toEqual([...new Set(told)].toSorted((a, b) => a - b))
  expect(await cursorOf(h, id)).toMatchObject({ attempts: 0, lastFailure: null, givenUp: null })
})

test('one that takes nothing for three days is given up for what was due, which is known then, and told what comes after', async () => {
  const h = await startWithAddon()
  const { id, receiver } = await webhookOf(h, { answering: 500 })
  await pauseAndResume(h)
  for (let hour = 0; hour < 76; hour += 2) {
    await tell(h)
    h.clock.advance(2 * HOUR)
  }
  expect(await cursorOf(h, id)).toMatchObject({
    attempts: 0,
    lastFailure: 'answered 500',
    givenUp: { at: expect.any(Date) },
  })
  receiver.answer(200)
  const tries = receiver.posts.length
  await setGracePeriod(h.deps, { ...about(h), grace: { until: 'elapsed', ms: 2 * DAY } })
  await tell(h)
  expect(bodiesOf(receiver).slice(tries)).toMatchObject([{ type: 'securekey.policy-changed' }])
})

test('a worker that dies when the receiver has answered leaves a notice that comes again under the same id', async () => {
  const h = await startWithAddon()
  const [{ id, receiver }, other] = [await webhookOf(h), h.worker()]
  let begun = 0
  receiver.answer(async (response) => {
    begun += 1
    if (begun === 1) {
      // The first worker is as good as dead: its lease ends, and another one tells before it can write anything down.
      h.clock.advance(3 * MINUTE)
      await other.tick()
      await other.idle()
    }
    response.writeHead(204).end()
  })
  await rotate(h)
  expect(typesOf(receiver)).toEqual(['securekey.rotation-done', 'securekey.rotation-done'])
  expect(new Set(idsOf(receiver)).size).toBe(1)
  h.clock.advance(3 * MINUTE)
  await tell(h)
  expect(receiver.posts).toHaveLength(2)
  expect(await cursorOf(h, id)).toMatchObject({ attempts: 0 })
})

test('a receiver that hangs keeps nothing from another, nor from the log of the app', async () => {
  const h = await startWithAddon()
  impatient(h)
  const hanging = await webhookOf(h, { answering: () => undefined, name: 'hangs' })
  const { receiver } = await webhookOf(h, { name: 'well' })
  await rotate(h)
  expect(typesOf(receiver)).toEqual(['securekey.rotation-done'])
  expect(linesOf(h).filter((line) => line.includes('rotation=done'))).toHaveLength(1)
  expect(await cursorOf(h, hanging.id)).toMatchObject({ attempts: 1, lastFailure: 'no answer in time' })
})

test('410 switches a webhook off, which the others are told; a test that it takes switches it on for what comes then', async () => {
  const h = await startWithAddon()
  const other = await webhookOf(h, { name: 'other' })
  const { id, receiver } = await webhookOf(h, { answering: 410 })
  await rotate(h)
  await tell(h)
  expect(await cursorOf(h, id)).toBeUndefined()
  expect((await readWebhooks(h.deps, h.addon.id)).webhooks.find((each) => each.id === id)?.offSince).toEqual(
    h.clock.now(),
  )
  expect(bodiesOf(other.receiver).at(-1)?.data).toMatchObject({
    text: expect.stringContaining('The webhook “alerts” of'),
    facts: { what: 'webhook-off' },
  })
  await rotate(h)
  expect(receiver.posts).toHaveLength(1)
  receiver.answer(200)
  await testWebhook(h.deps, { ...about(h), id })
  await tell(h)
  expect(typesOf(receiver).slice(1)).toEqual(['securekey.test'])
  await rotate(h)
  expect(typesOf(receiver).slice(2)).toEqual(['securekey.rotation-done'])
})

test('one that asks us to wait is left alone for so long', async () => {
  const h = await startWithAddon()
  const { receiver } = await webhookOf(h, {
    answering: (response) => response.writeHead(429, { 'retry-after': '1800' }).end(),
  })
  await rotate(h)
  for (let minutes = 0; minutes < 29; minutes += 1) {
    h.clock.advance(MINUTE)
    await tell(h)
  }
  expect(receiver.posts).toHaveLength(1)
  h.clock.advance(2 * MINUTE)
  await tell(h)
  expect(receiver.posts).toHaveLength(2)
})

test('a secret that is replaced while a notice is retried signs the next try beside the former one', async () => {
  const h = await startWithAddon()
  const { id, receiver } = await webhookOf(h, { answering: 401 })
  await rotate(h)
  await replaceWebhookSecret(h.deps, { ...about(h), id })
  receiver.answer(200)
  h.clock.advance(5 * MINUTE)
  await tell(h)
  const [first, second] = receiver.posts.map(({ headers }) => String(headers['webhook-signature']).split(' '))
  expect(second).toHaveLength(2)
  expect(first).toHaveLength(1)
  expect(idsOf(receiver)[0]).toBe(idsOf(receiver)[1])
})

test('a test and a delivery by hand put nothing off and count for nothing in the outbox', async () => {
  const h = await startWithAddon()
  const { id, receiver } = await webhookOf(h, { answering: 500 })
  await rotate(h)
  receiver.answer(200)
  await testWebhook(h.deps, { ...about(h), id })
  expect(await cursorOf(h, id)).toMatchObject({ attempts: 1 })
  h.clock.advance(5 * MINUTE)
  await tell(h)
  expect(typesOf(receiver)).toEqual(['securekey.rotation-done', 'securekey.test', 'securekey.rotation-done'])
})

test('a removed webhook is told nothing more, not even of its removal, and the others are', async () => {
  const h = await startWithAddon()
  const [gone, left] = [await webhookOf(h, { name: 'gone' }), await webhookOf(h, { name: 'left' })]
  await tell(h)
  await removeWebhook(h.deps, { ...about(h), id: gone.id })
  h.clock.advance(SECOND)
  await tell(h)
  expect(bodiesOf(left.receiver)).toMatchObject([
    { data: { text: `The webhook “gone” of ${h.addon.name} was removed by ann@example.com.` } },
  ])
  // Of the second one it was told.
  expect(bodiesOf(gone.receiver)).toMatchObject([
    { data: { facts: { what: 'webhook-added', name: 'left' } } },
  ])
  expect(await kindsOf(h.deps, h.addon.id)).toContain('webhook-removed')
})

test('an add-on that is removed under a delivery to its webhook is told nothing more, and is no failure in our log', async () => {
  const h = await startWithAddon()
  const { receiver } = await webhookOf(h)
  await pauseAndResume(h)
  const due = (await lookForNotices(h.deps, 10)) ?? []
  expect(due.map(({ claimed }) => claimed.target.channel)).toContain('webhook')
  await deprovision(h.deps, { resourceId: h.addon.id })
  const deliveries = createDeliveries(h.deps, createChannels(h.deps))
  for (const each of due) await deliveries.deliver(each, 10_000, new AbortController().signal)
  expect(receiver.posts).toEqual([])
  expect(h.logLines.join('\n')).not.toContain('notices not delivered')
})
