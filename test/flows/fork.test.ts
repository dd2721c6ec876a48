import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { keyring } from '../../clients/node/src/index.ts'
import { bearerText } from '../../src/domain/bearer-text.ts'
import { noticeFrom } from '../../src/domain/notices/from-history.ts'
import { isSevere } from '../../src/domain/notices/notice.ts'
import { pauseRotation } from '../../src/flows/dashboard/pause-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { setTokenLife } from '../../src/flows/dashboard/set-token-life.ts'
import { makeForkCode } from '../../src/flows/fork/fork-codes.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { writeLetter } from '../../src/notices/mail/letters.ts'
import { findResource } from '../../src/store/resources.ts'
import { findKeys } from '../../src/store/sealed-keys.ts'
import { ANN } from '../api/support/token.ts'
import { holdKeyset, untilSomeWait } from '../engine/support/locks.ts'
import { callPartnerApi, provisionBody } from '../http/support/partner-call.ts'
import { keysOn, startWithAddon } from '../support/addon.ts'
import { allRows } from '../support/all-rows.ts'
import { customerKey, kmsEnvironment, startFakeKms } from '../support/fake-kms.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { accepts, historyOf, kindsOf, stateOf } from '../support/resource.ts'

type Options = Parameters<typeof startWithAddon>[0]

/** An app whose add-on has a key of ours, beside AWS. */
async function start(options: Options = {}) {
  const { kms, url } = await startFakeKms(() => new Date('2026-03-03T12:00:00Z'))
  onTestFinished(() => kms.close())
  const h = await startWithAddon({ ...options, env: { ...kmsEnvironment(url), ...options.env } })
  const { arn } = customerKey(kms)
  return { ...h, kms, arn, resourceId: h.addon.id }
}
type Started = Awaited<ReturnType<typeof start>>

async function codeOf(h: Started, resourceId = h.resourceId): Promise<string> {
  const made = await makeForkCode(h.deps, { resourceId, actor: ANN })
  if (made.outcome !== 'made') throw new Error(made.outcome)
  return made.text
}

const bodyWith = (
  h: Started,
  fork: unknown,
  more: Record<string, string> = {},
  plan = 'private-fortnightly',
) => provisionBody({ plan, options: { 'encryption-key': h.arn, fork, ...more } })
const post = (h: Started, body: unknown) => callPartnerApi(h.app, { method: 'POST', body })
const nextTick = async (h: Started, ms: number) => {
  h.clock.advance(ms)
  await h.worker1.tick()
}

/** Rotated so often that an old key lives beside the two of the pair. */
async function startRotated(options: Options = {}) {
  const h = await start({ tokenLife: '30d', ...options })
  for (let times = 0; times < 2; times += 1) await nextTick(h, 14 * DAY)
  return h
}

test('the keys go over under their numbers, with their ends, into an add-on that the customer’s key protects', async () => {
  const h = await startRotated()
  const before = keysOn(h)
  const old = await stateOf(h.deps, h.resourceId)
  const body = bodyWith(h, await codeOf(h))
  const answer = await post(h, body)
  expect(answer.status, answer.text).toBe(200)
  expect(answer.json.config.SECURE_KEY).toBe(`${before.first},${before.second}`)
  const { mac: _, ...held } = JSON.parse(h.heroku.view.configVars('service-1').SECURE_KEYRING ?? '')
  const { mac, ...ring } = JSON.parse(answer.json.config.SECURE_KEYRING)
  expect(ring).toEqual(held)
  expect(mac).not.toBe(_)
  const made = await stateOf(h.deps, body.uuid)
  expect(made.keyset).toEqual(old.keyset)
  expect(old.keyset.older).toHaveLength(1)
  expect(made).toMatchObject({ lastVersion: old.lastVersion, tokenLifeMs: old.tokenLifeMs })
  expect((await findResource(h.deps.db, body.uuid))?.dek?.kekId).toBe(h.arn)
  // Older keys are sought by the day on which they were made.
  const [oldKeys, newKeys] = [await findKeys(h.deps.db, h.resourceId), await findKeys(h.deps.db, body.uuid)]
  expect(newKeys.map(({ createdAt }) => createdAt)).toEqual(oldKeys.map(({ createdAt }) => createdAt))
  expect(newKeys[0]?.sealed).not.toEqual(oldKeys[0]?.sealed)
})

test('what was signed before is good over the whole move and the rotations after it, in the real library', async () => {
  const h = await startRotated()
  const purpose = 'session'
  const ringOf = () =>
    keyring({
      env: h.heroku.view.configVars('service-1'),
      now: () => h.clock.now().getTime(),
      startedAt: h.clock.now().getTime() - HOUR,
    })
  const sign = () => ringOf().sign('ann', { purpose, expiresIn: '30d' })
  const good = (token: string) => ringOf().verify(token, { purpose }).ok
  const before = sign()
  const options = { 'encryption-key': h.arn, fork: await codeOf(h) }
  const made = await h.heroku.customer.createAddon({ app: 'service-1', plan: 'private-fortnightly', options })
  await expect.poll(() => kindsOf(h.deps, made.id)).toContain('grant-exchanged')
  expect(good(before)).toBe(true)
  const between = sign()
  await h.heroku.customer.attach({ addon: made.id, app: 'service-1', as: 'SECURE', confirm: 'service-1' })
  expect(good(before) && good(between)).toBe(true)
  await h.heroku.customer.destroy({ addon: h.resourceId })
  const after = sign()
  await nextTick(h, 14 * DAY)
  const rotatedTo = keysOn(h).first
  expect(await accepts(h.deps, made.id, rotatedTo)).toBe(true)
  expect([before, between, after].map(good)).toEqual([true, true, true])
  await nextTick(h, 14 * DAY)
  expect(keysOn(h).second).toBe(rotatedTo)
  expect([before, between, after].map(good)).toEqual([true, true, true])
})

test('a rotation of the old add-on before the other is attached is accepted where the next key is announced', async () => {
  const h = await start({ options: { next: 'on' } })
  const body = bodyWith(h, await codeOf(h))
  expect((await post(h, body)).status).toBe(200)
  await nextTick(h, 14 * DAY)
  const rotated = keysOn(h).first
  expect((await stateOf(h.deps, h.resourceId)).keyset.current).toBe(3)
  expect(await accepts(h.deps, body.uuid, rotated)).toBe(true)
})

test('an old add-on that is paused gives time to attach the other, which rotates by itself after that', async () => {
  const h = await start()
  await pauseRotation(h.deps, { resourceId: h.resourceId, actor: ANN, until: null, reason: 'a move' })
  const options = { 'encryption-key': h.arn, fork: await codeOf(h) }
  const made = await h.heroku.customer.createAddon({ app: 'service-1', plan: 'private-fortnightly', options })
  await expect.poll(() => kindsOf(h.deps, made.id)).toContain('grant-exchanged')
  const { first } = keysOn(h)
  await nextTick(h, 13 * DAY)
  await h.heroku.customer.attach({ addon: made.id, app: 'service-1', as: 'SECURE', confirm: 'service-1' })
  expect(keysOn(h).first).toBe(first)
  await nextTick(h, 2 * DAY)
  expect(keysOn(h)).toMatchObject({ second: first })
  expect((await stateOf(h.deps, h.resourceId)).keyset.current).toBe(2)
})

test('a code of an add-on that rotates late names no date that has passed', async () => {
  const h = await start()
  h.clock.advance(20 * DAY)
  const made = await makeForkCode(h.deps, { resourceId: h.resourceId, actor: ANN })
  expect(made).toMatchObject({ outcome: 'made', nextRotationAt: h.clock.now() })
})

test('both sides tell of it, each notice is severe, and no row, log line or answer holds the code', async () => {
  const h = await startRotated()
  const code = await codeOf(h)
  const body = bodyWith(h, code)
  await post(h, body)
  const [old] = (await historyOf(h.deps, h.resourceId)).slice(-1)
  expect(old).toMatchObject({ kind: 'forked', details: { to: body.name, toId: body.uuid } })
  expect(await kindsOf(h.deps, h.resourceId)).toContain('fork-code-made')
  const made = await historyOf(h.deps, body.uuid)
  expect(made.map(({ kind }) => kind).slice(0, 2)).toEqual(['provisioned', 'forked'])
  expect(made[1]?.details).toMatchObject({ from: h.addon.name, fromId: h.resourceId, versions: '4, 3, 2' })
  const again = await codeOf(h)
  const rows = (await allRows(h.deps.db)).join('\n')
  // The id of a code is no secret.
  expect(rows).toContain(again.slice('sk_fork_'.length).slice(0, 16))
  const told = [...(await historyOf(h.deps, h.resourceId)), ...made].flatMap((row) => {
    const notice = noticeFrom(row, { resourceId: row.kind, name: 'x' })
    return notice?.kind === 'keys-forked' ? [[row.kind, isSevere(notice)]] : []
  })
  expect(told).toEqual([
    ['fork-code-made', true],
    ['forked', true],
    ['fork-code-made', true],
    ['forked', true],
  ])
  const secret = (text: string) => text.slice('sk_fork_'.length + 17)
  for (const text of [code, again]) {
    expect(rows).not.toContain(secret(text))
    expect(h.logLines.join('\n')).not.toContain(secret(text))
  }
})

test('the subject of a mail is true of a code that nobody has used, and of both add-ons', async () => {
  const h = await start()
  const body = bodyWith(h, await codeOf(h))
  const made = await historyOf(h.deps, h.resourceId)
  await post(h, body)
  const rows = [...made, ...(await historyOf(h.deps, body.uuid))]
  const notices = rows.map((row) => noticeFrom(row, { resourceId: h.resourceId, name: 'x' }))
  const subjects = notices.flatMap((notice) => {
    if (notice?.kind !== 'keys-forked') return []
    return [writeLetter({ kind: 'notices', addon: 'x', notices: [notice] }, 'ann@example.com').subject]
  })
  expect(subjects).toEqual(Array(2).fill('x: a move of keys between add-ons'))
})

test('a code is good once: of ten add-ons at a time one is made, and its repeated request gets the same answer', async () => {
  const h = await startRotated()
  const code = await codeOf(h)
  const bodies = Array.from({ length: 10 }, () => bodyWith(h, code))
  const answers = await Promise.all(bodies.map((body) => post(h, body)))
  const won = answers.findIndex(({ status }) => status === 200)
  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(422)])
  expect(await post(h, bodies[won])).toMatchObject({ status: 200, text: answers[won]?.text })
})

test('the same request twelve times at once makes one add-on and gets one answer', async () => {
  const h = await startRotated()
  const body = bodyWith(h, await codeOf(h))
  const answers = await Promise.all(Array.from({ length: 12 }, () => post(h, body)))
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
  expect(answers[0]?.status).toBe(200)
})

test('whatever is wrong with a code, the sentence is the same, and AWS is not asked', async () => {
  const h = await startRotated()
  const used = await codeOf(h)
  await post(h, bodyWith(h, used))
  const replaced = await codeOf(h)
  const over = await codeOf(h)
  h.clock.advance(HOUR)
  await h.heroku.customer.createApp('service-2')
  const other = await h.heroku.customer.createAddon({ app: 'service-2', plan: 'fortnightly' })
  await expect.poll(() => kindsOf(h.deps, other.id)).toContain('grant-exchanged')
  const removed = await codeOf(h, other.id)
  await deprovision(h.deps, { resourceId: other.id })
  const revoked = await codeOf(h)
  await revokeKeys(h.deps, { resourceId: h.resourceId, actor: ANN })
  const live = await codeOf(h)
  const forged = live.replace(/^sk_fork_[0-9a-f]{16}/, (start) =>
    start.replace(/.$/, (d) => (d === '0' ? '1' : '0')),
  )
  // The history tells its id.
  const guessed = bearerText('fork', Buffer.from(live.slice(8, 24), 'hex'), Buffer.alloc(32, 1))
  const calls = h.kms.calls().length
  const wrong = [
    guessed,
    ...[used, replaced, over, removed, revoked, forged, `${live}0`, live.replace('fork', 'api')],
    ...['true', true, '', ' ', h.addon.name, h.resourceId, 7, {}],
  ]
  const answers = await Promise.all(wrong.map((fork) => post(h, bodyWith(h, fork))))
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
  expect(answers[0]).toMatchObject({ status: 422 })
  expect(answers[0]?.json.message).toContain('The option --fork needs a code that was made on the add-on')
  expect(h.kms.calls()).toHaveLength(calls)
})

test('without a key of the customer’s own the option is refused, whatever it says', async () => {
  const h = await start()
  for (const fork of [await codeOf(h), 'true', 'elsewhere']) {
    const answer = await post(h, provisionBody({ plan: 'private-fortnightly', options: { fork } }))
    expect(answer).toMatchObject({
      status: 422,
      json: { message: expect.stringContaining('name that key too') },
    })
  }
})

test('a request that fails loses no code: AWS away, a plan that ends keys early, an app that is rotating', async () => {
  const h = await startRotated({ tokenLife: '10d' })
  const code = await codeOf(h)
  const refused = async (body: unknown, words: string) => {
    const answer = await post(h, body)
    expect(answer.status).toBe(422)
    expect(answer.json.message).toContain(words)
  }
  h.kms.faults.add({ kind: 'throttle', times: 9 })
  await refused(bodyWith(h, code), 'AWS KMS cannot be reached')
  h.kms.faults.clear()
  await refused(bodyWith(h, code, { 'token-life': '5d' }), 'state --token-life 10d')
  h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'status', status: 503, times: 99 })
  await nextTick(h, 14 * DAY)
  await refused(bodyWith(h, await codeOf(h)), 'is just being rotated')
  h.heroku.faults.clear()
  await nextTick(h, 2 * MINUTE)
  const last = await codeOf(h)
  await revokeKeys(h.deps, { resourceId: h.resourceId, actor: ANN })
  await refused(bodyWith(h, last), 'needs a code')
  await refused(bodyWith(h, await codeOf(h)), 'has revoked keys')
})

test('a longer life and grace than were asked for are taken over with the keys they were promised for', async () => {
  const h = await start({ grace: '5d', options: { next: 'on' } })
  await setTokenLife(h.deps, { resourceId: h.resourceId, actor: ANN, tokenLifeMs: 30 * DAY, confirm: '' })
  const body = bodyWith(h, await codeOf(h))
  expect((await post(h, body)).status).toBe(200)
  expect(await stateOf(h.deps, body.uuid)).toMatchObject({ tokenLifeMs: 30 * DAY, announcesNext: true })
  expect((await findResource(h.deps.db, body.uuid))?.grace).toEqual({ until: 'elapsed', ms: 5 * DAY })
  const [made] = await historyOf(h.deps, body.uuid)
  expect(made?.details).toMatchObject({ gracePeriod: '5d', tokenLife: '30d', nextKey: 'on' })
})

test('an add-on that its own key has suspended hands no keys over, makes no code, and says why', async () => {
  const h = await start()
  const first = bodyWith(h, await codeOf(h))
  expect((await post(h, first)).status).toBe(200)
  const code = await codeOf(h, first.uuid)
  await h.deps.db.updateTable('own_keys').set({ state: 'suspended' }).where('arn', '=', h.arn).execute()
  const body = provisionBody({
    plan: 'private-fortnightly',
    options: { 'encryption-key': customerKey(h.kms).arn, fork: code },
  })
  const answer = await post(h, body)
  expect(answer.status).toBe(422)
  expect(answer.json.message).toContain('This add-on is suspended')
  await expect(codeOf(h, first.uuid)).rejects.toMatchObject({ code: 'own-key-unusable' })
  await h.deps.db.updateTable('own_keys').set({ state: 'active' }).where('arn', '=', h.arn).execute()
  expect((await post(h, body)).status).toBe(200)
})

test.each([
  [
    'a revoke',
    async (h: Started) => void (await revokeKeys(h.deps, { resourceId: h.resourceId, actor: ANN })),
  ],
  ['another code', async (h: Started) => void (await codeOf(h))],
  ['its removal', (h: Started) => deprovision(h.deps, { resourceId: h.resourceId })],
])(
  '%s of the old add-on that comes first ends the code of a request which is already looking at it',
  async (_what, first) => {
    const h = await start()
    const body = bodyWith(h, await codeOf(h))
    const held = await holdKeyset(h.deps.db, h.resourceId)
    const ending = first(h)
    await untilSomeWait(h.deps.db, 1)
    const asking = post(h, body)
    await untilSomeWait(h.deps.db, 2)
    held.release()
    await ending
    const answer = await asking
    expect(answer.status).toBe(422)
    expect(answer.json.message).toContain('needs a code')
    expect(await findResource(h.deps.db, body.uuid)).toBeUndefined()
  },
)

test('the history names each code that a revoke ends, also one that was made while it is under way, and none that was over', async () => {
  const h = await start()
  const revoke = () => revokeKeys(h.deps, { resourceId: h.resourceId, actor: ANN })
  const idOf = (code: string) => code.slice('sk_fork_'.length).slice(0, 16)
  const ended = [await codeOf(h)]
  await revoke()
  ended.push(await codeOf(h))
  expect(await revoke()).toMatchObject({ outcome: 'joined' })
  await codeOf(h)
  h.clock.advance(HOUR)
  expect(await revoke()).toMatchObject({ outcome: 'joined' })
  const told = (await historyOf(h.deps, h.resourceId)).filter(({ kind }) => kind === 'fork-code-ended')
  expect(told.map(({ details }) => details?.code)).toEqual(ended.map(idOf))
})

test('a process that dies at any step of the taking over leaves no add-on behind, and the code as good as before', async () => {
  const h = await startRotated()
  const code = await codeOf(h)
  const body = bodyWith(h, code)
  const before = await kindsOf(h.deps, h.resourceId)
  await sql`create function die() returns trigger language plpgsql as $$ begin raise exception 'dead'; end $$`.execute(
    h.deps.db,
  )
  const steps = [
    ...['delete on fork_codes', 'insert on resources', 'insert on keysets', 'insert on sealed_keys'],
    ...['insert on history', 'insert on own_keys'],
  ]
  for (const step of steps) {
    const table = step.split(' ').at(-1) ?? ''
    await sql
      .raw(`create trigger dies after ${step} for each statement execute function die()`)
      .execute(h.deps.db)
    expect((await post(h, body)).status, step).toBe(500)
    await sql.raw(`drop trigger dies on ${table}`).execute(h.deps.db)
    expect(await findResource(h.deps.db, body.uuid), step).toBeUndefined()
  }
  expect(await kindsOf(h.deps, h.resourceId)).toEqual(before)
  // The answer may be lost after all is done: then Heroku asks again.
  const done = await post(h, body)
  expect(done.status).toBe(200)
  expect(await post(h, body)).toMatchObject({ status: 200, text: done.text })
})
