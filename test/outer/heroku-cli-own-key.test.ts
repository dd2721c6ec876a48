import { describe, expect, test } from 'vitest'
import { keyring } from '../../clients/node/src/index.ts'
import { findResource } from '../../src/store/resources.ts'
import { customerKey, kmsEnvironment, policyFor, type StartedKms, startFakeKms } from '../support/fake-kms.ts'
import { HOUR } from '../support/harness.ts'
import { NO_CLI, sharedCliWorld, unwrapped } from './support/heroku-cli-world.ts'

/** Each command is a process of a second or two, and of more where others work on the machine. */
const TEST_LIMIT_MS = 300_000
let aws: StartedKms
const world = sharedCliWorld(async (whenFinished) => {
  aws = await startFakeKms(() => new Date())
  whenFinished(() => aws.kms.close())
  return kmsEnvironment(aws.url)
})

describe.skipIf(NO_CLI)('heroku addons:create -- --encryption-key', { timeout: TEST_LIMIT_MS }, () => {
  const create = (words: string) => world().heroku(`addons:create securekey:${words}`)

  test('brings the ARN, with a space or an equals sign, and securekey:info tells of a suspension', async () => {
    const { harness, securekey, exchanged } = world()
    await harness.heroku.customer.createApp('own-1')
    const { arn } = customerKey(aws.kms)
    const created = await create(`private-fortnightly -a own-1 -- --encryption-key ${arn}`)
    expect(created.code, created.stderr).toBe(0)
    const [, name = ''] = /Created (\S+) as /.exec(created.stdout) ?? []
    const { id } = harness.heroku.view.addon(name)
    expect((await findResource(harness.deps.db, id))?.dek?.kekId).toBe(arn)
    await exchanged(id)

    await harness.heroku.customer.createApp('own-2')
    const other = await create(`private-fortnightly -a own-2 -- --encryption-key=${customerKey(aws.kms).arn}`)
    expect(other.code, other.stderr).toBe(0)

    await harness.deps.db.updateTable('own_keys').set({ state: 'suspended' }).where('arn', '=', arn).execute()
    const told = await securekey(`info ${name}`)
    expect(unwrapped(told.stdout)).toContain('Suspended')
    const refused = await securekey(`rotate ${name} --confirm own-1`)
    expect(refused.code).not.toBe(0)
    expect(unwrapped(refused.stderr)).toContain('This add-on is suspended')
  })

  test('shows the sentence of a refusal, and makes nothing', async () => {
    const { harness } = world()
    await harness.heroku.customer.createApp('own-3')
    const { arn } = customerKey(aws.kms)
    const noRights = customerKey(aws.kms)
    noRights.policy = policyFor([])
    const refusals = [
      ['private-fortnightly -a own-3 -- --encryption-key', 'needs the ARN of a key in AWS KMS'],
      [`fortnightly -a own-3 -- --encryption-key ${arn}`, 'private-fortnightly'],
      [`private-fortnightly -a own-3 -- --encryption-key ${noRights.arn}`, 'the right kms:DescribeKey'],
    ] as const
    for (const [words, sentence] of refusals) {
      const ran = await create(words)
      expect(ran.code, words).not.toBe(0)
      expect(unwrapped(ran.stderr), words).toContain(sentence)
    }
    expect(harness.heroku.view.addons().filter(({ app }) => app === 'own-3')).toEqual([])
  })
})

describe.skipIf(NO_CLI)('heroku addons:create -- --fork', { timeout: TEST_LIMIT_MS }, () => {
  test('moves an app to a key of its customer’s by three commands: it is logged out at no moment', async () => {
    const { harness, heroku, securekey, newAddon, exchanged } = world()
    const old = await newAddon('fork-1')
    const before = harness.heroku.view.configVars('fork-1')
    const purpose = 'session'
    const ringOf = () =>
      keyring({
        env: harness.heroku.view.configVars('fork-1'),
        now: () => harness.clock.now().getTime(),
        settle: 0,
      })
    const token = ringOf().sign('ann', { purpose, expiresIn: '1h' })
    const { arn } = customerKey(aws.kms)

    const made = await securekey('fork-code -a fork-1')
    expect(made.code, made.stderr).toBe(0)
    const code = made.stdout.trim()
    expect(code).toMatch(/^sk_fork_[0-9a-f]{16}_[0-9a-z]{58}$/)
    expect(unwrapped(made.stderr)).toContain('There is no way back')

    const create = (fork: string) =>
      heroku(
        `addons:create securekey:private-fortnightly -a fork-1 -- --encryption-key ${arn} --fork ${fork}`,
      )
    const wrong = await Promise.all([create(old.name), create(`${code}0`)])
    for (const ran of wrong) {
      expect(ran.code).not.toBe(0)
      expect(unwrapped(ran.stderr)).toContain('The option --fork needs a code')
    }
    const created = await create(code)
    expect(created.code, created.stderr).toBe(0)
    const [, name = ''] = /Created (\S+) as /.exec(created.stdout) ?? []
    const { id } = harness.heroku.view.addon(name)
    await exchanged(id)
    expect(ringOf().verify(token, { purpose })).toMatchObject({ ok: true })

    const attach = (words: string) => heroku(`addons:attach ${name} --as SECURE -a fork-1 ${words}`)
    const attached = await attach('--confirm fork-1')
    expect(attached.code, attached.stderr).toBe(0)
    const after = harness.heroku.view.configVars('fork-1')
    expect(after.SECURE_KEY).toBe(before.SECURE_KEY)
    expect(after.SECURE_KEYRING).not.toBe(before.SECURE_KEYRING)
    expect(ringOf().verify(token, { purpose })).toMatchObject({ ok: true })

    const destroyed = await heroku(`addons:destroy ${old.name} -a fork-1 --confirm fork-1`)
    expect(destroyed.code, destroyed.stderr).toBe(0)
    expect(harness.heroku.view.configVars('fork-1').SECURE_KEY).toBe(before.SECURE_KEY)
    harness.clock.advance(3 * HOUR)
    const worker = harness.worker()
    const rotated = await securekey(`rotate ${name} --confirm fork-1`)
    expect(rotated.code, rotated.stderr).toBe(0)
    await worker.tick()
    const [, second] = (harness.heroku.view.configVars('fork-1').SECURE_KEY ?? '').split(',')
    expect(second).toBe(before.SECURE_KEY?.split(',')[0])
    harness.clock.advance(-3 * HOUR)
    expect(ringOf().verify(token, { purpose })).toMatchObject({ ok: true })
    expect(await findResource(harness.deps.db, id)).toMatchObject({ dek: { kekId: arn } })
    const again = await create(code)
    expect(unwrapped(again.stderr)).toContain('The option --fork needs a code')
  })
})
