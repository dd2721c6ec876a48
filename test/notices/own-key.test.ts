import { expect, onTestFinished, test } from 'vitest'
import { requireKnownKeks } from '../../src/flows/operations/known-keks.ts'
import { renewDataKeys } from '../../src/flows/operations/renew-data-keys.ts'
import { rewrapDeks } from '../../src/flows/operations/rewrap-deks.ts'
import { claimDueOwnKeys, lookAtOwnKey } from '../../src/flows/own-keys/look-at-own-key.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createLocalMac, createMacs } from '../../src/sealing/macs.ts'
import { createSealing } from '../../src/sealing/sealing.ts'
import { findOwnKey } from '../../src/store/own-keys.ts'
import { findResource } from '../../src/store/resources.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'
import { type HarnessWithAddon, startWithAddon } from '../support/addon.ts'
import { customerKey, kmsEnvironment, PARTNER_ACCOUNT, REGION, startFakeKms } from '../support/fake-kms.ts'
import { SEALING_KEY, SECOND } from '../support/harness.ts'
import { confirmedAddress } from '../support/mail-addresses.ts'
import { MAIL_FROM, startMailServer } from '../support/mail-server.ts'
import { linesOf, tell } from './support/tell.ts'
import { webhookOf } from './support/webhook.ts'

const READER = 'reader@example.net'
const BYTES = Buffer.from(SEALING_KEY.slice(3), 'base64')
const K1 = createLocalKek('k1', BYTES)
const K2_BYTES = Uint8Array.from(seededBytes('kek k2')(32))
const K2 = createLocalKek('k2', K2_BYTES)

/** An add-on that a key of its customer's own protects, with a webhook and a mail address, and its log is on. */
async function startTold() {
  const { kms, url } = await startFakeKms(() => new Date('2026-03-03T12:00:00Z'))
  onTestFinished(() => kms.close())
  const mail = await startMailServer()
  const key = customerKey(kms)
  const canary = kms.createKey({ account: PARTNER_ACCOUNT, region: REGION })
  const h = await startWithAddon({
    env: {
      ...{ ...kmsEnvironment(url), KMS_CANARY_KEY: canary.arn },
      ...{ SMTP_URL: mail.url, MAIL_FROM, ADDON_URL: 'http://127.0.0.1:5000' },
    },
    plan: 'private-fortnightly',
    options: { 'encryption-key': key.arn },
  })
  await confirmedAddress(h, READER)
  const webhook = await webhookOf(h)
  await tell(h)
  mail.arrived.length = 0
  webhook.receiver.posts.length = 0
  const before = linesOf(h).length
  /** What each of the three was told, and with whom it went. */
  const told = () => ({
    log: linesOf(h).slice(before).map(stateIn),
    webhook: webhook.receiver.posts.map(({ body }) => stateIn(JSON.parse(body).data.text)),
    mail: mail.arrived.flatMap(({ to, mail: { text } }) =>
      to.includes(READER) ? [stateIn(text ?? '')] : [],
    ),
  })
  return { h, kms, key, webhook, mail, told }
}

const stateIn = (text: string) => /suspended|again|deleted/.exec(text)?.[0] ?? text

/** Looks at the key until it is in this state, and then a worker ticks twice: once for whoever its history row has woken. */
async function until(h: HarnessWithAddon, arn: string, state: string): Promise<void> {
  for (let look = 0; look < 60 && (await findOwnKey(h.deps.db, arn))?.state !== state; look += 1) {
    h.clock.advance(20 * SECOND)
    for (const claimed of await claimDueOwnKeys(h.deps, 10)) await lookAtOwnKey(h.deps, claimed)
  }
  expect((await findOwnKey(h.deps.db, arn))?.state).toBe(state)
  for (let tick = 0; tick < 2; tick += 1) {
    h.clock.advance(10 * SECOND)
    await tell(h)
  }
}

test('a suspension, its end and the loss of the key are told by log, webhook and mail while they last, once each', async () => {
  const { h, key, told } = await startTold()
  const all = (...words: string[]) => ({ log: words, webhook: words, mail: words })
  key.state = 'Disabled'
  await until(h, key.arn, 'suspended')
  expect(told()).toEqual(all('suspended'))
  key.state = 'Enabled'
  await until(h, key.arn, 'active')
  expect(told()).toEqual(all('suspended', 'again'))
  key.state = 'PendingDeletion'
  await until(h, key.arn, 'suspended')
  expect(told()).toEqual(all('suspended', 'again', 'suspended'))
  // The fake sweeps it away at the next call.
  Object.assign(key, { deletionAt: new Date('2026-03-03T11:00:00Z') })
  await until(h, key.arn, 'lost')
  expect(told()).toEqual(all('suspended', 'again', 'suspended', 'deleted'))
})

test('collaborators, whom Heroku alone knows, are told when the key works again, and until then no warning is logged', async () => {
  const { h, key, mail } = await startTold()
  const readers = () => mail.arrived.flatMap(({ to }) => to).filter((address) => address !== READER)
  const before = h.logLines.length
  key.state = 'Disabled'
  await until(h, key.arn, 'suspended')
  const logged = h.logLines
    .slice(before)
    .map((line) => JSON.parse(line) as { level: number; msg: string; failure?: string })
    .filter(({ msg }) => /^(delivery|notices) /.test(msg))
  const INFO = 30
  expect(logged.filter(({ level }) => level > INFO)).toEqual([])
  expect(logged.map(({ failure }) => failure)).toContain(
    'Heroku cannot be asked while the encryption key cannot be used',
  )
  expect(readers()).toEqual([])
  key.state = 'Enabled'
  await until(h, key.arn, 'active')
  expect(readers()).toContain('ann@example.com')
})

test('who is told is sealed by no key of the customer’s, and the keys and tokens are by nothing else', async () => {
  const { h, key } = await startTold()
  const resource = await findResource(h.deps.db, h.addon.id)
  const { dek } = resource ?? {}
  if (!dek?.notices) throw new Error('it has no second data key')
  expect(dek).toMatchObject({ kekId: key.arn, notices: { kekId: 'k1' } })
  const db = h.deps.db
  const { sealed_webhook } = await db
    .selectFrom('webhooks')
    .select('sealed_webhook')
    .executeTakeFirstOrThrow()
  const [row] = await db.selectFrom('resources').select('sealed_log_input_url').execute()
  const withoutAws = createSealing([K1], seededBytes('x'))
  const notices = await withoutAws.forNotices(h.addon.id, dek)
  expect(notices.open('sealed_webhook', sealed_webhook)).toContain('http')
  expect(notices.open('sealed_log_input_url', row?.sealed_log_input_url ?? Buffer.alloc(0))).toContain('http')
  // As whoever can write the table would try it: the second in the place of the first.
  await expect(
    (async () => await withoutAws.forResource(h.addon.id, { ...dek.notices, kekId: 'k1' } as never))(),
  ).rejects.toMatchObject({ code: 'sealed-value-unreadable' })
  const tokens = await db.selectFrom('oauth_tokens').select('sealed_access_token').executeTakeFirstOrThrow()
  const other = notices as unknown as { open: (column: string, sealed: Buffer) => string }
  expect(() => other.open('sealed_access_token', tokens.sealed_access_token)).toThrow()
})

test('a sealing key that wraps the second data key alone is needed, and is replaced and renewed like any other', async () => {
  const { h, webhook } = await startTold()
  const db = h.deps.db
  const deps = { ...h.deps, sealing: createSealing([K2, K1], h.deps.random) }
  const macsOf = (...keks: [string, Uint8Array][]) =>
    createMacs(keks.map(([id, bytes]) => ({ id, mac: createLocalMac(bytes) })))
  const withoutK1 = { ...h.deps, macs: macsOf(['k2', K2_BYTES]) }
  await expect(requireKnownKeks(withoutK1)).rejects.toThrow(/"k1" is not listed/)
  const before = (await findResource(db, h.addon.id))?.dek
  expect(await rewrapDeks(deps)).toEqual({ rewrapped: 1, unreadable: 0 })
  await requireKnownKeks(withoutK1)
  const rewrapped = (await findResource(db, h.addon.id))?.dek
  expect(rewrapped).toMatchObject({
    kekId: before?.kekId,
    wrapped: before?.wrapped,
    notices: { kekId: 'k2' },
  })
  const sealedOf = async () =>
    (await db.selectFrom('webhooks').select('sealed_webhook').executeTakeFirstOrThrow()).sealed_webhook
  const sealed = await sealedOf()
  expect(await renewDataKeys(deps)).toEqual({ renewed: 1, unreadable: 0, left: 0 })
  expect((await sealedOf()).equals(sealed)).toBe(false)
  const renewed = (await findResource(db, h.addon.id))?.dek
  if (!renewed || !rewrapped) throw new Error('it is live')
  expect(renewed.wrapped).toEqual(rewrapped.wrapped)
  const opener = createSealing([K2], seededBytes('x'))
  const content = (await opener.forNotices(h.addon.id, renewed)).open('sealed_webhook', await sealedOf())
  expect(content).toContain(webhook.receiver.url)
  const former = await opener.forNotices(h.addon.id, rewrapped)
  expect(() => former.open('sealed_webhook', Buffer.from(sealed).fill(0, 1))).toThrow()
  await expect(async () => former.open('sealed_webhook', await sealedOf())).rejects.toThrow()
})

test('a webhook and an address can be added and removed while the key is away', async () => {
  const { h, key } = await startTold()
  key.state = 'Disabled'
  await until(h, key.arn, 'suspended')
  await webhookOf(h, { name: 'second' })
  await confirmedAddress(h, 'second@example.net')
  expect(await h.deps.db.selectFrom('webhooks').select('id').execute()).toHaveLength(2)
})

test('an add-on that is removed takes its second data key along', async () => {
  const { h } = await startTold()
  await deprovision(h.deps, { resourceId: h.addon.id })
  const row = await h.deps.db.selectFrom('resources').selectAll().executeTakeFirstOrThrow()
  expect(row).toMatchObject({ notice_dek: null, notice_kek_id: null, former_notice_kek_id: null })
})
