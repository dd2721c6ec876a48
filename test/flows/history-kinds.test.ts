import { expect, onTestFinished, test } from 'vitest'
import type { Actor } from '../../src/domain/actor.ts'
import type { HistoryKind } from '../../src/domain/history.ts'
import type { OwnKeyState } from '../../src/domain/own-key-watch.ts'
import { markAccessKnown } from '../../src/flows/access/mark-known.ts'
import { readKeyring } from '../../src/flows/api/read-keyring.ts'
import { announceNext } from '../../src/flows/dashboard/announce-next.ts'
import { sessionOf } from '../../src/flows/dashboard/attached-apps.ts'
import { downloadHistory } from '../../src/flows/dashboard/download-history.ts'
import { addFreeze, removeFreeze } from '../../src/flows/dashboard/freezes.ts'
import { pauseRotation, resumeSchedule } from '../../src/flows/dashboard/pause-rotation.ts'
import { requestRotation, resumeRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revealKey } from '../../src/flows/dashboard/reveal-key.ts'
import { replaceKeys, revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { endSessions } from '../../src/flows/dashboard/sessions.ts'
import { setGracePeriod } from '../../src/flows/dashboard/set-grace-period.ts'
import { setTokenLife } from '../../src/flows/dashboard/set-token-life.ts'
import { setWindows } from '../../src/flows/dashboard/set-windows.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { makeForkCode } from '../../src/flows/fork/fork-codes.ts'
import { switchHandOver } from '../../src/flows/hand-over/switch-hand-over.ts'
import { removeMailAddress } from '../../src/flows/notices/mail/addresses.ts'
import { switchLog } from '../../src/flows/notices/switch-log.ts'
import { replaceWebhookSecret } from '../../src/flows/notices/webhooks/replace-secret.ts'
import { testWebhook } from '../../src/flows/notices/webhooks/try-webhook.ts'
import { removeWebhook } from '../../src/flows/notices/webhooks/webhooks.ts'
import { askToAdopt } from '../../src/flows/operations/foreign.ts'
import { renewDataKeys } from '../../src/flows/operations/renew-data-keys.ts'
import { tellOfOwnKey } from '../../src/flows/own-keys/tell-of-own-key.ts'
import { addAccounts } from '../../src/flows/private-link/change-accounts.ts'
import { createPrivateLink } from '../../src/flows/private-link/create-link.ts'
import { destroyPrivateLink } from '../../src/flows/private-link/destroy-link.ts'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { endTokens } from '../../src/flows/tokens/tokens.ts'
import { createEndpointServices } from '../../src/privatelink/create-endpoint-services.ts'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createSealing } from '../../src/sealing/sealing.ts'
import { ask, clientOf, handedOverTo } from '../api/support/client.ts'
import { ANN, tokenOf } from '../api/support/token.ts'
import { webhookOf } from '../notices/support/webhook.ts'
import { type HarnessWithAddon, keysOn, startWithAddon, tickUntilStuck } from '../support/addon.ts'
import { backUpRows } from '../support/backup.ts'
import { signedIn } from '../support/browser.ts'
import { CUSTOMER, startFakeEc2 } from '../support/fake-ec2.ts'
import { customerKey, kmsEnvironment, partnerAccess, startFakeKms } from '../support/fake-kms.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../support/harness.ts'
import { addedAddress, confirmedAddress } from '../support/mail-addresses.ts'
import { createAwsCustomer, linkSettings, lookOnce } from '../support/private-links.ts'
import { historyOf, kindsOf, provisionRequest, provisionResource, uuid } from '../support/resource.ts'

/** The service as it offers private links, and the add-on on a plan that may have one. */
async function offeringLinks(h: HarnessWithAddon): Promise<Deps> {
  await h.deps.db.updateTable('resources').set({ plan: 'private-fortnightly' }).execute()
  return { ...h.deps, settings: { ...h.deps.settings, privateLink: linkSettings() } }
}
const linked = async (h: HarnessWithAddon) => {
  await createPrivateLink(await offeringLinks(h), { ...about(h), accounts: ['111111111111'] })
}

/** The same with a link that AWS has made, and a look by which the worker goes on. */
async function linkAtAws(h: HarnessWithAddon, delays: { serviceMs?: number } = {}) {
  const { ec2, url } = await startFakeEc2(h.clock.now, { delays })
  const endpointServices = createEndpointServices(partnerAccess(url))
  const customer = createAwsCustomer(url, CUSTOMER)
  onTestFinished(async () => {
    endpointServices.close()
    customer.close()
    await ec2.close()
  })
  const deps = { ...(await offeringLinks(h)), endpointServices }
  await createPrivateLink(deps, { ...about(h), accounts: [CUSTOMER.account] })
  const look = async () => {
    h.clock.advance(MINUTE)
    await lookOnce(deps)
  }
  await look()
  return { ec2, customer, look }
}

async function connected(h: HarnessWithAddon) {
  const started = await linkAtAws(h)
  const [name = ''] = (await serviceIds(h)).map((id) => `com.amazonaws.vpce.us-east-1.${id}`)
  const endpointId = await started.customer.createEndpoint(name)
  await started.look()
  await started.look()
  return { ...started, endpointId }
}

async function serviceIds({ deps }: HarnessWithAddon): Promise<string[]> {
  const rows = await deps.db.selectFrom('private_links').select('service_id').execute()
  return rows.map(({ service_id }) => service_id ?? '')
}

type Story = {
  /** Who is written down as having caused it. */
  actor: Actor['type']
  /** Makes it happen; returns the resource if it is another one than the add-on of the harness. */
  happens: (h: HarnessWithAddon) => Promise<unknown>
  /** All that the history of the resource has gained, oldest first. */
  leaves: HistoryKind[]
}

const about = (h: HarnessWithAddon) => ({ resourceId: h.addon.id, actor: ANN })
const kekOf = ({ id, bytes }: { id: string; bytes: Uint8Array }) => createLocalKek(id, bytes)
const rotate = async (h: HarnessWithAddon) => {
  await requestRotation(h.deps, { ...about(h), evenIfTooSoon: true })
  await h.worker1.tick()
}
const getStuck = async (h: HarnessWithAddon) => {
  await requestRotation(h.deps, { ...about(h), evenIfTooSoon: true })
  await tickUntilStuck(h)
}
/** Bob is not the one who has seen keys so far. */
const showToTwo = async (h: HarnessWithAddon) => {
  await revealKey(h.deps, { ...about(h), version: 2 })
  const actor = { ...ANN, userId: 'bob', email: 'bob@example.com' }
  await revealKey(h.deps, { ...about(h), actor, version: 2 })
}
/** What the watch finds out of the customer's own key, in this order: that is told of the add-ons whose row names it. */
const tellOfKeyOf = async (h: HarnessWithAddon, states: readonly OwnKeyState[]) => {
  const arn = 'arn:aws:kms:us-east-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab'
  await h.deps.db
    .updateTable('resources')
    .set({ kek_id: arn, notice_kek_id: 'k1', notice_dek: Buffer.from('none') })
    .execute()
  for (const state of states) await tellOfOwnKey(h.deps, arn, { state, said: null }, h.clock.now())
}
const besideKms = (h: HarnessWithAddon, url: string) => h.anotherProcess(kmsEnvironment(url))
/** Another add-on, with a key of its customer's own, takes the keys over. */
const takeKeysOver = async (h: HarnessWithAddon) => {
  const { kms, url } = await startFakeKms(h.clock.now)
  onTestFinished(() => kms.close())
  const deps = await besideKms(h, url)
  const made = await makeForkCode(deps, about(h))
  const fork = made.outcome === 'made' ? made.text : ''
  const options = { 'encryption-key': customerKey(kms).arn, fork }
  await provisionResource(deps, provisionRequest({ plan: 'private-fortnightly', options }))
  return uuid(1)
}
/** Time passes until the config is compared. */
const check = async (h: HarnessWithAddon) => {
  h.clock.advance(HOUR)
  await h.worker1.tick()
}

/** Heroku's next answer holds a pair that nobody here made. */
const holdForeign = (h: HarnessWithAddon) => {
  const body = [{ name: 'SECURE_KEY', value: `${'A'.repeat(64)},${'B'.repeat(64)}` }]
  h.heroku.faults.add({ match: { method: 'GET', path: '/config' }, kind: 'status', status: 200, body })
}

const OFFICE = { days: [2, 3, 4], from: '09:00', to: '12:00', zone: 'Europe/Berlin' }
const CHRISTMAS = { from: '2026-12-20', until: '2027-01-05', zone: 'Europe/Berlin', reason: 'Christmas sale' }

/** A kind that is missing here does not compile. */
const STORIES: Readonly<Record<HistoryKind, Story>> = {
  provisioned: {
    actor: 'heroku',
    happens: async ({ deps }) => (await provisionResource(deps, provisionRequest())).resourceId,
    leaves: ['provisioned'],
  },
  'provision-repeated': {
    actor: 'heroku',
    async happens({ deps }) {
      await provisionResource(deps, provisionRequest())
      return (await provisionResource(deps, provisionRequest())).resourceId
    },
    leaves: ['provisioned', 'provision-repeated'],
  },
  'plan-changed': {
    actor: 'heroku',
    happens: (h) => changePlan(h.deps, { resourceId: h.addon.id, plan: 'weekly' }),
    leaves: ['plan-changed'],
  },
  renamed: {
    actor: 'heroku',
    async happens(h) {
      await h.heroku.customer.rename({ addon: h.addon.name, name: 'keys-of-ann' })
      await (await sessionOf(h.deps, h.addon.id))?.listAttachments()
    },
    leaves: ['renamed'],
  },
  deprovisioned: {
    actor: 'heroku',
    happens: (h) => deprovision(h.deps, { resourceId: h.addon.id }),
    leaves: ['deprovisioned'],
  },
  'missing-at-heroku': {
    actor: 'worker',
    happens: getStuck,
    leaves: ['rotation-requested', 'missing-at-heroku', 'rotation-stuck'],
  },
  'grant-exchanged': {
    actor: 'worker',
    async happens(h) {
      await h.heroku.customer.createApp('service-2')
      const { id } = await h.heroku.customer.createAddon({ app: 'service-2', plan: 'daily' })
      await expect.poll(() => kindsOf(h.deps, id)).toHaveLength(2)
      return id
    },
    leaves: ['provisioned', 'grant-exchanged'],
  },
  'grant-lost': {
    actor: 'worker',
    async happens(h) {
      const grant = { code: 'no code of Heroku', expiresAt: new Date(h.clock.now().getTime() + MINUTE) }
      await provisionResource(h.deps, provisionRequest({ grant }))
      h.clock.advance(MINUTE)
      await h.worker1.tick()
      return uuid(1)
    },
    leaves: ['provisioned', 'grant-lost'],
  },
  'access-token-refreshed': {
    actor: 'worker',
    async happens(h) {
      h.heroku.revokeToken(h.addon.id)
      await rotate(h)
    },
    leaves: ['rotation-requested', 'access-token-refreshed', 'rotated'],
  },
  'rotation-requested': {
    actor: 'person',
    happens: (h) => requestRotation(h.deps, about(h)),
    leaves: ['rotation-requested'],
  },
  rotated: { actor: 'person', happens: rotate, leaves: ['rotation-requested', 'rotated'] },
  'rotation-superseded': {
    actor: 'person',
    async happens(h) {
      await requestRotation(h.deps, about(h))
      await revokeKeys(h.deps, { ...about(h), actor: { type: 'operator' } })
    },
    leaves: ['rotation-requested', 'rotation-superseded', 'keys-revoked'],
  },
  'rotation-cancelled': {
    actor: 'person',
    async happens(h) {
      await requestRotation(h.deps, about(h))
      await deprovision(h.deps, about(h))
    },
    leaves: ['rotation-requested', 'rotation-cancelled', 'deprovisioned'],
  },
  'rotation-stuck': {
    actor: 'worker',
    happens: getStuck,
    leaves: ['rotation-requested', 'missing-at-heroku', 'rotation-stuck'],
  },
  'rotation-resumed': {
    actor: 'person',
    async happens(h) {
      await getStuck(h)
      await resumeRotation(h.deps, about(h))
    },
    leaves: ['rotation-requested', 'missing-at-heroku', 'rotation-stuck', 'rotation-resumed'],
  },
  'key-held-back': {
    actor: 'worker',
    async happens(h) {
      await rotate(h)
      await h.heroku.customer.rollback('service-1', 2)
      h.clock.advance(3 * HOUR)
      await requestRotation(h.deps, about(h))
      // What the apps wait for is put right at once: in the same tick, where another claim still comes.
      for (let ticks = 0; ticks < 2; ticks += 1) await h.worker1.tick()
    },
    leaves: ['rotation-requested', 'rotated', 'rotation-requested', 'key-held-back', 'config-repaired'],
  },
  'filler-published': {
    actor: 'worker',
    async happens(h) {
      await setGracePeriod(h.deps, { ...about(h), grace: { until: 'elapsed', ms: 2 * HOUR } })
      await rotate(h)
      h.clock.advance(2 * HOUR)
      await h.worker1.tick()
    },
    leaves: ['grace-period-changed', 'rotation-requested', 'rotated', 'filler-published'],
  },
  'next-switched-on': {
    actor: 'person',
    happens: (h) => announceNext(h.deps, { ...about(h), on: true }),
    leaves: ['next-switched-on'],
  },
  'next-switched-off': {
    actor: 'person',
    async happens(h) {
      await announceNext(h.deps, { ...about(h), on: true })
      await announceNext(h.deps, { ...about(h), on: false })
    },
    leaves: ['next-switched-on', 'next-switched-off'],
  },
  'next-announced': {
    actor: 'worker',
    async happens(h) {
      await announceNext(h.deps, { ...about(h), on: true })
      await h.worker1.tick()
    },
    leaves: ['next-switched-on', 'next-announced'],
  },
  'next-withdrawn': {
    actor: 'worker',
    async happens(h) {
      await announceNext(h.deps, { ...about(h), on: true })
      await h.worker1.tick()
      await announceNext(h.deps, { ...about(h), on: false })
      await h.worker1.tick()
    },
    leaves: ['next-switched-on', 'next-announced', 'next-switched-off', 'next-withdrawn'],
  },
  'keys-erased': {
    actor: 'worker',
    async happens(h) {
      await rotate(h)
      h.clock.advance(MINUTE)
      await rotate(h)
      // The key that was displaced has its whole period all the same.
      h.clock.advance(14 * DAY - MINUTE)
      await h.worker1.tick()
    },
    leaves: ['rotation-requested', 'rotated', 'rotation-requested', 'rotated', 'keys-erased'],
  },
  'keys-revoked': {
    actor: 'person',
    happens: (h) => revokeKeys(h.deps, about(h)),
    leaves: ['keys-revoked'],
  },
  'data-key-renewed': {
    actor: 'operator',
    async happens(h) {
      const keks = [createLocalKek('k2', Buffer.alloc(32, 2)), ...h.config.sealingKeys.map(kekOf)]
      await renewDataKeys({ ...h.deps, sealing: createSealing(keks, h.deps.random) })
    },
    leaves: ['data-key-renewed'],
  },
  'schedule-paused': {
    actor: 'person',
    happens: (h) => pauseRotation(h.deps, { ...about(h), until: null, reason: 'freeze' }),
    leaves: ['schedule-paused'],
  },
  'schedule-resumed': {
    actor: 'person',
    async happens(h) {
      await pauseRotation(h.deps, { ...about(h), until: null, reason: 'freeze' })
      await resumeSchedule(h.deps, about(h))
    },
    leaves: ['schedule-paused', 'schedule-resumed'],
  },
  'windows-changed': {
    actor: 'person',
    happens: (h) => setWindows(h.deps, { ...about(h), windows: [OFFICE] }),
    leaves: ['windows-changed'],
  },
  'freeze-added': {
    actor: 'person',
    happens: (h) => addFreeze(h.deps, { ...about(h), freeze: CHRISTMAS }),
    leaves: ['freeze-added'],
  },
  'freeze-removed': {
    actor: 'person',
    async happens(h) {
      const { id } = await addFreeze(h.deps, { ...about(h), freeze: CHRISTMAS })
      await removeFreeze(h.deps, { ...about(h), id })
    },
    leaves: ['freeze-added', 'freeze-removed'],
  },
  'grace-period-changed': {
    actor: 'person',
    happens: (h) => setGracePeriod(h.deps, { ...about(h), grace: { until: 'elapsed', ms: DAY } }),
    leaves: ['grace-period-changed'],
  },
  'token-life-changed': {
    actor: 'person',
    happens: (h) => setTokenLife(h.deps, { ...about(h), tokenLifeMs: 30 * DAY }),
    leaves: ['token-life-changed'],
  },
  'config-repaired': {
    actor: 'worker',
    async happens(h) {
      const release = h.heroku.view.app('service-1').version
      await rotate(h)
      await h.heroku.customer.rollback('service-1', release)
      await check(h)
    },
    leaves: ['rotation-requested', 'rotated', 'config-repaired'],
  },
  'config-foreign': {
    actor: 'worker',
    async happens(h) {
      await rotate(h)
      holdForeign(h)
      await check(h)
    },
    leaves: ['rotation-requested', 'rotated', 'config-foreign'],
  },
  'row-put-back': {
    actor: 'worker',
    async happens(h) {
      const backup = await backUpRows(h.deps.db)
      await rotate(h)
      await backup.restore(h.deps.db)
      h.clock.advance(15 * DAY)
      await h.worker1.tick()
    },
    leaves: ['rotation-requested', 'rotated', 'row-put-back'],
  },
  'adoption-requested': {
    actor: 'person',
    async happens(h) {
      await rotate(h)
      holdForeign(h)
      await check(h)
      await askToAdopt(h.deps, about(h))
    },
    leaves: ['rotation-requested', 'rotated', 'config-foreign', 'adoption-requested'],
  },
  'config-adopted': {
    actor: 'operator',
    async happens(h) {
      await rotate(h)
      holdForeign(h)
      await check(h)
      await askToAdopt(h.deps, about(h))
      holdForeign(h)
      await h.worker1.tick()
    },
    leaves: [
      'rotation-requested',
      'rotated',
      'config-foreign',
      'adoption-requested',
      'config-adopted',
      'config-adopted',
    ],
  },
  'keys-replaced': {
    actor: 'person',
    happens: (h) => replaceKeys(h.deps, about(h)),
    leaves: ['keys-replaced'],
  },
  'config-gone': {
    actor: 'worker',
    async happens(h) {
      await rotate(h)
      for (let time = 0; time < 2; time += 1) {
        const match = { method: 'GET', path: '/config' }
        h.heroku.faults.add({ match, kind: 'status', status: 200, body: [] })
        await check(h)
      }
    },
    leaves: ['rotation-requested', 'rotated', 'config-repaired', 'config-gone'],
  },
  'signed-in': {
    actor: 'person',
    happens: (h) => signedIn(h, { addon: h.addon.name }),
    leaves: ['signed-in'],
  },
  'signed-out': {
    actor: 'person',
    async happens(h) {
      const browser = await signedIn(h, { addon: h.addon.name })
      await browser.post(`${browser.base}/sign-out`, { form_token: await browser.token() })
    },
    leaves: ['signed-in', 'signed-out'],
  },
  'sessions-ended': {
    actor: 'person',
    async happens(h) {
      await signedIn(h, { addon: h.addon.name })
      await endSessions(h.deps, about(h))
    },
    leaves: ['signed-in', 'sessions-ended'],
  },
  'own-key-suspended': {
    actor: 'worker',
    happens: (h) => tellOfKeyOf(h, ['suspended']),
    leaves: ['own-key-suspended'],
  },
  'own-key-restored': {
    actor: 'worker',
    happens: (h) => tellOfKeyOf(h, ['suspended', 'restoring', 'active']),
    leaves: ['own-key-suspended', 'own-key-restored'],
  },
  'own-key-lost': {
    actor: 'worker',
    happens: (h) => tellOfKeyOf(h, ['suspended', 'lost']),
    leaves: ['own-key-suspended', 'own-key-lost'],
  },
  'fork-code-made': {
    actor: 'person',
    happens: async (h) => makeForkCode(await besideKms(h, 'http://127.0.0.1:1'), about(h)),
    leaves: ['fork-code-made'],
  },
  'fork-code-ended': {
    actor: 'person',
    async happens(h) {
      await makeForkCode(await besideKms(h, 'http://127.0.0.1:1'), about(h))
      await revokeKeys(h.deps, about(h))
    },
    leaves: ['fork-code-made', 'keys-revoked', 'fork-code-ended'],
  },
  forked: {
    actor: 'heroku',
    happens: takeKeysOver,
    leaves: ['provisioned', 'forked'],
  },
  'unusual-access': {
    actor: 'person',
    happens: showToTwo,
    leaves: ['key-revealed', 'key-revealed', 'unusual-access'],
  },
  'unusual-access-known': {
    actor: 'person',
    async happens(h) {
      await showToTwo(h)
      await markAccessKnown(h.deps, { ...about(h), until: h.clock.now() })
    },
    leaves: ['key-revealed', 'key-revealed', 'unusual-access', 'unusual-access-known'],
  },
  'key-revealed': {
    actor: 'person',
    happens: (h) => revealKey(h.deps, { ...about(h), version: 2 }),
    leaves: ['key-revealed'],
  },
  'history-downloaded': {
    actor: 'person',
    async happens(h) {
      for await (const rows of downloadHistory(h.deps, { ...about(h), format: 'csv' })) void rows
    },
    leaves: ['history-downloaded'],
  },
  'keys-read': {
    actor: 'token',
    async happens(h) {
      const { id } = await tokenOf(h, ['keyring'])
      const actor = { type: 'token', id, name: 'ci', address: null } as const
      await readKeyring(h.deps, { resourceId: h.addon.id, actor, known: () => false })
    },
    leaves: ['token-made', 'keys-read'],
  },
  'token-made': { actor: 'person', happens: (h) => tokenOf(h, ['read']), leaves: ['token-made'] },
  'tokens-ended': {
    actor: 'person',
    async happens(h) {
      await tokenOf(h, ['read'])
      await endTokens(h.deps, about(h))
    },
    leaves: ['token-made', 'tokens-ended'],
  },
  'client-enrolled': { actor: 'person', happens: (h) => clientOf(h), leaves: ['client-enrolled'] },
  'clients-ended': {
    actor: 'person',
    async happens(h) {
      await clientOf(h)
      await endTokens(h.deps, { ...about(h), kind: 'client' })
    },
    leaves: ['client-enrolled', 'clients-ended'],
  },
  'hand-over-switched-on': {
    actor: 'person',
    async happens(h) {
      for (let times = 0; times < 2; times += 1) await switchHandOver(h.deps, { ...about(h), on: true })
    },
    leaves: ['hand-over-switched-on'],
  },
  'hand-over-switched-off': {
    actor: 'person',
    async happens(h) {
      await switchHandOver(h.deps, { ...about(h), on: true })
      await revokeKeys(h.deps, about(h))
    },
    leaves: ['hand-over-switched-on', 'keys-revoked', 'hand-over-switched-off'],
  },
  'client-first-asked': {
    actor: 'client',
    async happens(h) {
      const { text: secret } = await handedOverTo(h)
      for (let times = 0; times < 2; times += 1) await ask(h, { key: keysOn(h).first, secret })
    },
    leaves: ['hand-over-switched-on', 'client-enrolled', 'client-first-asked'],
  },
  'keys-handed-over': {
    actor: 'client',
    async happens(h) {
      const [{ text: secret }, key] = [await handedOverTo(h), keysOn(h).first]
      await rotate(h)
      for (let times = 0; times < 2; times += 1) await ask(h, { key, secret })
    },
    leaves: [
      ...(['hand-over-switched-on', 'client-enrolled', 'rotation-requested', 'rotated'] as const),
      ...(['client-first-asked', 'keys-handed-over', 'keys-handed-over'] as const),
    ],
  },
  'client-came-back': {
    actor: 'client',
    async happens(h) {
      const [{ text: secret }, key] = [await handedOverTo(h), keysOn(h).first]
      await rotate(h)
      for (const each of [keysOn(h).first, key, key]) await ask(h, { key: each, secret })
    },
    leaves: [
      ...(['hand-over-switched-on', 'client-enrolled', 'rotation-requested', 'rotated'] as const),
      ...(['client-first-asked', 'client-came-back'] as const),
    ],
  },
  'tokens-disabled': {
    actor: 'worker',
    async happens(h) {
      await h.heroku.customer.removeCollaborator('service-1', ANN.email)
      h.clock.advance(10 * MINUTE)
      await tokenOf(h, ['read'])
      // The first tick of a day compares the config.
      for (const ms of [DAY - MINUTE, MINUTE, DAY - MINUTE, MINUTE]) {
        h.clock.advance(ms)
        await h.worker1.tick()
      }
    },
    leaves: ['token-made', 'access-token-refreshed', 'access-token-refreshed', 'tokens-disabled'],
  },
  'log-switched-off': {
    actor: 'person',
    async happens(h) {
      for (let times = 0; times < 2; times += 1) await switchLog(h.deps, { ...about(h), on: false })
    },
    leaves: ['log-switched-off'],
  },
  'log-switched-on': {
    actor: 'person',
    async happens(h) {
      for (const on of [true, false, true, true]) await switchLog(h.deps, { ...about(h), on })
    },
    leaves: ['log-switched-off', 'log-switched-on'],
  },
  'webhook-added': {
    actor: 'person',
    happens: async (h) => void (await webhookOf(h)),
    leaves: ['webhook-added'],
  },
  'webhook-removed': {
    actor: 'person',
    async happens(h) {
      const { id } = await webhookOf(h)
      await removeWebhook(h.deps, { ...about(h), id })
    },
    leaves: ['webhook-added', 'webhook-removed'],
  },
  'webhook-secret-replaced': {
    actor: 'person',
    async happens(h) {
      const { id } = await webhookOf(h)
      await replaceWebhookSecret(h.deps, { ...about(h), id })
    },
    leaves: ['webhook-added', 'webhook-secret-replaced'],
  },
  'webhook-switched-off': {
    actor: 'person',
    async happens(h) {
      const { id } = await webhookOf(h, { answering: 410 })
      await testWebhook(h.deps, { ...about(h), id })
    },
    leaves: ['webhook-added', 'webhook-switched-off'],
  },
  'webhook-switched-on': {
    actor: 'person',
    async happens(h) {
      const { id, receiver } = await webhookOf(h, { answering: 410 })
      await testWebhook(h.deps, { ...about(h), id })
      receiver.answer(204)
      h.clock.advance(10 * SECOND)
      await testWebhook(h.deps, { ...about(h), id })
    },
    leaves: ['webhook-added', 'webhook-switched-off', 'webhook-switched-on'],
  },
  'mail-address-added': {
    actor: 'person',
    happens: async (h) => void (await addedAddress(h)),
    leaves: ['signed-in', 'mail-address-added'],
  },
  'mail-address-confirmed': {
    actor: 'person',
    happens: async (h) => void (await confirmedAddress(h)),
    leaves: ['signed-in', 'mail-address-added', 'mail-address-confirmed'],
  },
  'mail-address-removed': {
    actor: 'person',
    async happens(h) {
      const { id } = await confirmedAddress(h)
      await removeMailAddress(h.deps, { ...about(h), id })
    },
    leaves: ['signed-in', 'mail-address-added', 'mail-address-confirmed', 'mail-address-removed'],
  },
  'privatelink-created': {
    actor: 'person',
    happens: linked,
    leaves: ['privatelink-created'],
  },
  'privatelink-accounts-changed': {
    actor: 'person',
    async happens(h) {
      await linked(h)
      await addAccounts(await offeringLinks(h), { ...about(h), accounts: ['222222222222'] })
    },
    leaves: ['privatelink-created', 'privatelink-accounts-changed'],
  },
  'privatelink-destroyed': {
    actor: 'person',
    async happens(h) {
      await linked(h)
      await destroyPrivateLink(h.deps, about(h))
    },
    leaves: ['privatelink-created', 'privatelink-destroyed'],
  },
  'privatelink-operational': {
    actor: 'worker',
    happens: async (h) => void (await linkAtAws(h)),
    leaves: ['privatelink-created', 'privatelink-operational'],
  },
  'privatelink-failed': {
    actor: 'worker',
    async happens(h) {
      const { ec2, look } = await linkAtAws(h, { serviceMs: HOUR })
      const [service] = await serviceIds(h)
      Object.assign(ec2.service(service ?? '') ?? {}, { state: 'Failed' })
      await look()
    },
    leaves: ['privatelink-created', 'privatelink-failed'],
  },
  'privatelink-connection-available': {
    actor: 'worker',
    happens: async (h) => void (await connected(h)),
    leaves: ['privatelink-created', 'privatelink-operational', 'privatelink-connection-available'],
  },
  'privatelink-connection-ended': {
    actor: 'worker',
    async happens(h) {
      const { customer, endpointId, look } = await connected(h)
      await customer.deleteEndpoint(endpointId)
      await look()
    },
    leaves: [
      'privatelink-created',
      'privatelink-operational',
      'privatelink-connection-available',
      'privatelink-connection-ended',
    ],
  },
}

test.each(Object.entries(STORIES))(
  '%s is written by what causes it, and by nothing else',
  async (kind, story) => {
    const h = await startWithAddon()
    const before = (await historyOf(h.deps, h.addon.id)).length
    const other = await story.happens(h)
    const rows =
      typeof other === 'string'
        ? await historyOf(h.deps, other)
        : (await historyOf(h.deps, h.addon.id)).slice(before)
    expect(rows.map((row) => row.kind)).toEqual(story.leaves)
    const row = rows.findLast((each) => each.kind === kind)
    expect(row).toMatchObject({ actor: { type: story.actor }, at: h.clock.now() })
  },
)
