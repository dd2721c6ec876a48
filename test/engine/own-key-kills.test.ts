import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KmsKey } from '../../simulator/aws/kms/keys.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { claimDueOwnKeys, lookAtOwnKey } from '../../src/flows/own-keys/look-at-own-key.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { createResourceInsert } from '../../src/flows/provisioning/insert-resource.ts'
import { provision } from '../../src/flows/provisioning/provision.ts'
import { findOwnKey } from '../../src/store/own-keys.ts'
import { findResource } from '../../src/store/resources.ts'
import {
  customerKey,
  kmsEnvironment,
  PARTNER_ACCOUNT,
  REGION,
  type StartedKms,
  startFakeKms,
} from '../support/fake-kms.ts'
import { DAY, type Harness, MINUTE, SECOND, startHarness } from '../support/harness.ts'
import { kindsOf, provisionRequest, stateOf, uuid } from '../support/resource.ts'
import { checkBooks } from './support/books.ts'
import { type Death, mortalProcess, type Point } from './support/mortal-process.ts'
import { PATIENCE } from './support/patience.ts'
import { tickOf } from './support/ticks.ts'
import { worthDying } from './support/worth-dying.ts'

/** An app with an add-on that a key of its customer's own protects. */
type Subject = { id: string; app: string; key: KmsKey }

type Scenario = {
  name: string
  prepare: (subject: Subject) => Promise<void>
  work: (deps: Deps, subject: Subject) => Promise<unknown>
  /** What whoever asked does where no answer came. */
  again?: (deps: Deps, subject: Subject) => Promise<unknown>
  ends: string
}

let aws: StartedKms
let other: Deps
let h: Harness
const ends: (() => Promise<void>)[] = []
const disable = (key: KmsKey) => void Object.assign(key, { state: 'Disabled' })
const enable = (key: KmsKey) => void Object.assign(key, { state: 'Enabled' })

beforeAll(async () => {
  aws = await startFakeKms(() => new Date('2026-03-03T12:00:00Z'))
  const canary = aws.kms.createKey({ account: PARTNER_ACCOUNT, region: REGION })
  h = await startHarness({
    env: { ...kmsEnvironment(aws.url), KMS_CANARY_KEY: canary.arn },
    whenFinished: (end) => void ends.push(end),
  })
  other = await h.anotherProcess()
})
afterAll(async () => {
  for (const end of ends) await end()
  await aws.kms.close()
})

async function look(deps: Deps): Promise<void> {
  for (const claimed of await claimDueOwnKeys(deps, 10)) await lookAtOwnKey(deps, claimed)
}
/** Looks until the key is in this state, at the most a quarter of an hour. */
async function until({ key }: Subject, state: string): Promise<void> {
  for (let turn = 0; turn < 60 && (await stateOfKey(key)) !== state; turn += 1) {
    h.clock.advance(15 * SECOND)
    await look(h.deps)
  }
  expect(await stateOfKey(key)).toBe(state)
}
const stateOfKey = async ({ arn }: KmsKey) => (await findOwnKey(h.deps.db, arn))?.state
const isDue = async (subject: Subject) => {
  const row = await h.deps.db
    .selectFrom('own_keys')
    .select('wake_at')
    .where('arn', '=', subject.key.arn)
    .executeTakeFirstOrThrow()
  const leftMs = (row.wake_at?.getTime() ?? 0) - h.clock.now().getTime()
  h.clock.advance(Math.max(0, leftMs) + SECOND)
}
const suspended = async (subject: Subject) => {
  disable(subject.key)
  await until(subject, 'suspended')
}
const watch: Scenario['work'] = (deps) => look(deps)

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a look that finds a key withdrawn',
    async prepare(subject) {
      await look(h.deps)
      disable(subject.key)
      await isDue(subject)
    },
    work: watch,
    ends: 'waiting',
  },
  {
    name: 'a look that suspends',
    async prepare(subject) {
      disable(subject.key)
      await until(subject, 'waiting')
      const deadline = (await findOwnKey(h.deps.db, subject.key.arn))?.deadline?.getTime() ?? 0
      while (deadline - h.clock.now().getTime() > 20 * SECOND) {
        h.clock.advance(15 * SECOND)
        await look(h.deps)
      }
      h.clock.advance(25 * SECOND)
    },
    work: watch,
    ends: 'suspended',
  },
  {
    name: 'a look that finds a suspended key working',
    async prepare(subject) {
      await suspended(subject)
      enable(subject.key)
      await isDue(subject)
    },
    work: watch,
    ends: 'active',
  },
  {
    name: 'a look that restores',
    async prepare(subject) {
      await suspended(subject)
      enable(subject.key)
      await until(subject, 'restoring')
      h.clock.advance(35 * SECOND)
    },
    work: watch,
    ends: 'active',
  },
  {
    name: 'a look that finds a key lost',
    async prepare(subject) {
      subject.key.state = 'PendingDeletion'
      await until(subject, 'suspended')
      Object.assign(subject.key, { deletionAt: new Date('2026-03-03T11:00:00Z') })
      await isDue(subject)
    },
    work: watch,
    ends: 'lost',
  },
  {
    name: 'a rotation that came due while the key was away, after its restoration',
    async prepare(subject) {
      h.clock.advance(14 * DAY - 15 * MINUTE)
      await suspended(subject)
      h.clock.advance(20 * MINUTE)
      await tickOf(h.deps)
      enable(subject.key)
      await until(subject, 'active')
      h.clock.advance(MINUTE)
    },
    work: (deps) => tickOf(deps),
    ends: 'active',
  },
  {
    name: 'a rotation whose key is withdrawn while its pair is on the way',
    async prepare({ id, key }) {
      h.clock.advance(14 * DAY)
      h.heroku.faults.add({ match: { method: 'PATCH', addon: id }, kind: 'status', status: 503 })
      await tickOf(h.deps)
      disable(key)
      h.clock.advance(MINUTE)
    },
    async work(deps, { key }) {
      await tickOf(deps)
      enable(key)
    },
    async again(_deps, { key }) {
      enable(key)
    },
    ends: 'active',
  },
  {
    name: 'the end of a suspended add-on',
    prepare: suspended,
    work: (deps, { id }) => deprovision(deps, { resourceId: id }),
    again: (deps, { id }) => deprovision(deps, { resourceId: id }).catch(() => undefined),
    ends: 'active',
  },
]

let apps = 0

async function newSubject(): Promise<Subject> {
  apps += 1
  const app = `own-${apps}`
  const key = customerKey(aws.kms)
  await h.heroku.customer.createApp(app)
  const options = { 'encryption-key': key.arn }
  const { id } = await h.heroku.customer.createAddon({ app, plan: 'private-fortnightly', options })
  await expect.poll(() => kindsOf(h.deps, id), PATIENCE).toContain('grant-exchanged')
  return { id, app, key }
}

async function play(scenario: Scenario, death: Death | undefined) {
  const subject = await newSubject()
  await scenario.prepare(subject)
  const mortal = mortalProcess(h.deps, h.databaseUrl, death)
  const lived = await mortal.live((deps) => scenario.work(deps, subject))
  await mortal.end()
  if (!lived) await scenario.again?.(h.deps, subject)
  // Two workers take over, at the same time.
  for (let takeover = 0; takeover < 8; takeover += 1) {
    h.clock.advance(20 * SECOND)
    await Promise.all([look(h.deps), look(other)])
  }
  for (let takeover = 0; takeover < 2; takeover += 1) {
    h.clock.advance(2 * MINUTE)
    await look(h.deps)
    await tickOf(h.deps)
  }
  const { id, app, key } = subject
  const resource = await findResource(h.deps.db, id)
  const isLive = resource?.state === 'provisioned'
  const { keyset, attempts, rotation } = isLive ? await stateOf(h.deps, id) : {}
  const left = {
    key: await stateOfKey(key),
    kinds: (await kindsOf(h.deps, id)).filter((kind) => kind !== 'access-token-refreshed').toSorted(),
    current: keyset?.current,
    attempts,
    isUnderWay: rotation !== null && rotation !== undefined,
    hasDataKey: resource?.dek !== null && resource?.dek !== undefined,
  }
  await checkBooks(h.deps, id)
  h.heroku.faults.clear()
  await h.heroku.customer.destroyApp(app)
  return { lived, left, points: mortal.points }
}

let tried = 0
afterAll(() => console.log(`kill points with a customer's own key: ${tried} tried`))

describe.each(SCENARIOS)('$name', (scenario) => {
  test('a worker killed at any point of it leaves the same as none killed, told once', async () => {
    const reference = await play(scenario, undefined)
    expect(reference.left.key).toBe(scenario.ends)
    const told = reference.left.kinds.filter((kind) => kind.startsWith('own-key'))
    expect(told).toEqual([...new Set(told)])
    for (const death of worthDying(reference.points)) {
      const story = await play(scenario, death)
      tried += 1
      expect.soft(story.lived, `killed ${death.name} #${death.nth}`).toBe(false)
      expect.soft(story.left, `killed ${death.name} #${death.nth}`).toEqual(reference.left)
    }
  })
})

test('a provision with a customer’s own key that is killed at any point is made once, and its key is watched', async () => {
  const provisionWith = (deps: Deps, resourceId: string, arn: string) =>
    provision(
      deps,
      createResourceInsert(deps),
      provisionRequest({ resourceId, plan: 'private-fortnightly', options: { 'encryption-key': arn } }),
    )
  const one = async (number: number, death: Death | undefined): Promise<readonly Point[]> => {
    const { arn } = customerKey(aws.kms)
    const id = uuid(900 + number)
    const mortal = mortalProcess(h.deps, h.databaseUrl, death)
    const lived = await mortal.live((deps) => provisionWith(deps, id, arn))
    await mortal.end()
    expect(lived).toBe(death === undefined)
    const [first, second] = await Promise.all([provisionWith(h.deps, id, arn), provisionWith(other, id, arn)])
    expect(first.config).toEqual(second.config)
    expect((await kindsOf(h.deps, id)).filter((kind) => kind === 'provisioned')).toHaveLength(1)
    h.clock.advance(MINUTE)
    await look(h.deps)
    expect((await findOwnKey(h.deps.db, arn))?.lookedAt).not.toBeNull()
    return mortal.points
  }
  const points = await one(0, undefined)
  for (const [index, death] of worthDying(points).entries()) await one(index + 1, death)
  expect(points.length).toBeGreaterThan(1)
})
