import { HerokuError } from '../../simulator/src/index.ts'
import { readKeyPair } from '../key-pair.ts'
import { heldBy } from '../life.ts'
import { PLAN, SERVICE_1 } from '../scenario.ts'
import { signOnAsCommandLine } from './command-line.ts'
import { heldPair, type PrivateLife, tellCustomer } from './private-life.ts'

const PRIVATE_PLAN = 'private-fortnightly'

/**
 * Moves an app to an add-on that a key of its customer protects, by the code of the one that it has. A key that does not let
 * us use it makes none, and neither does a plan outside of private spaces.
 */
export async function checkMoveToOwnKey({
  stack,
  aws,
  check,
}: Omit<PrivateLife, 'addonId' | 'arn' | 'time'>): Promise<{ addonId: string; arn: string }> {
  const { simulator } = stack
  const { customer, view } = simulator
  const create = (plan: string, arn: string, more: Record<string, string> = {}) =>
    customer.createAddon({ app: SERVICE_1, plan, options: { 'encryption-key': arn, ...more } })
  const refusal = (made: Promise<unknown>) =>
    made.then(
      () => '',
      (error: unknown) => (error instanceof HerokuError ? error.message : ''),
    )
  const former = await customer.createAddon({ app: SERVICE_1, plan: PLAN })
  const held = heldPair(stack)

  const arn = aws.createKey({ allowed: true })
  tellCustomer(stack, 'aws kms create-key --policy file://policy.json', [arn])
  const right = await refusal(create(PRIVATE_PLAN, aws.createKey({ allowed: false })))
  check(
    'a key that lets us do nothing is refused, and the missing right is named',
    right.includes('kms:DescribeKey'),
  )
  const plan = await refusal(create(PLAN, arn))
  check('a plan without a space takes no key of a customer', plan.includes(PRIVATE_PLAN))
  check('what is refused makes nothing', view.addons().length === 1)

  tellCustomer(stack, `heroku securekey:fork-code ${former.name}`)
  const fork = String(
    (await (await signOnAsCommandLine(simulator, former.id)).ask('POST', '/fork-codes')).body.code,
  )
  const { id: addonId, name } = await create(PRIVATE_PLAN, arn, { fork })
  check('the data key of the add-on was made by the key of the customer', aws.dataKeysMade(arn, addonId) > 0)
  const seen = await stack.observer.ownKeyOf(addonId)
  check('the add-on is watched under that key', seen?.arn === arn && seen.state === 'active')
  check(
    'a code is good once',
    (await refusal(create(PRIVATE_PLAN, arn, { fork }))) !== '' && view.addons().length === 2,
  )

  const [other] = view.attachments(addonId)
  await customer.attach({ addon: name, app: SERVICE_1, as: 'SECURE', confirm: SERVICE_1 })
  check(
    'nobody is logged out: the app holds the keys that it held',
    heldPair(stack) === held && readKeyPair(held) !== undefined,
  )
  if (other) await customer.detach(other.id)
  // What held the name before went with it, or is left without an app.
  await customer.destroy({ addon: former.id })
  check('the former add-on can be removed', heldBy({ stack }, SERVICE_1) === held)
  return { addonId, arn }
}
