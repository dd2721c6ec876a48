import { describe, expect, test } from 'vitest'
import { findResource } from '../../src/store/resources.ts'
import { customerKey, kmsEnvironment, policyFor, type StartedKms, startFakeKms } from '../support/fake-kms.ts'
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
