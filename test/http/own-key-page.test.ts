import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { readPolicy } from '../../simulator/aws/kms/policy.ts'
import { customerKey, kmsEnvironment, startFakeKms } from '../support/fake-kms.ts'
import { startHarness } from '../support/harness.ts'
import { callPartnerApi, provisionBody } from './support/partner-call.ts'

const page = readFileSync(new URL('../../docs/using/own-key.md', import.meta.url), 'utf8')
const [policy = '', condition = ''] = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, block]) => block)

test('the key policy of docs/using/own-key.md lets an add-on be made, and can be confined to it', async () => {
  const { kms, url } = await startFakeKms(() => new Date('2026-03-03T12:00:00Z'))
  onTestFinished(() => kms.close())
  const h = await startHarness({ env: kmsEnvironment(url) })
  const key = customerKey(kms, { policy: readPolicy(policy) })
  const make = async () => {
    const body = provisionBody({ plan: 'private-fortnightly', options: { 'encryption-key': key.arn } })
    return { id: body.uuid, ...(await callPartnerApi(h.app, { method: 'POST', body })) }
  }
  const made = await make()
  expect(made.status).toBe(200)
  const [mine, ours] = JSON.parse(policy).Statement
  const confined = JSON.parse(condition.replace('ID-OF-THE-ADD-ON', made.id))
  const Statement = [
    mine,
    { ...ours, Action: ['kms:DescribeKey'] },
    { ...ours, ...confined, Action: ['kms:GenerateDataKey', 'kms:Decrypt'] },
  ]
  key.policy = readPolicy(JSON.stringify({ Statement }))
  // A process whose cache is empty.
  const other = await h.anotherProcess()
  const row = await other.db
    .selectFrom('resources')
    .select(['kek_id', 'wrapped_dek'])
    .where('id', '=', made.id)
    .executeTakeFirstOrThrow()
  const dek = { kekId: row.kek_id ?? '', wrapped: row.wrapped_dek ?? Buffer.alloc(0) }
  await other.sealing.forResource(made.id, dek)
  expect(await make()).toMatchObject({
    status: 422,
    json: { message: expect.stringContaining('kms:GenerateDataKey') },
  })
})
