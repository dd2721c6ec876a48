import { HerokuError } from '../../simulator/src/index.ts'
import { openDashboard } from '../dashboard.ts'
import { readKeyPair } from '../key-pair.ts'
import { SERVICE_1 } from '../scenario.ts'
import { until } from '../until.ts'
import { heldPair, type PrivateLife, tellCustomer } from './private-life.ts'

const MINUTE = 60_000
const ROTATION_LIMIT_MS = 30_000
export const PRIVATE_PLAN = 'private-fortnightly'

/** Makes an add-on that a key of its customer protects. A key that does not let us use it makes none. */
export async function checkOwnKeyProvision({
  stack,
  aws,
  check,
}: Omit<PrivateLife, 'addonId' | 'arn' | 'time'>): Promise<{ addonId: string; arn: string }> {
  const { customer, view } = stack.simulator
  const create = (plan: string, arn: string) =>
    customer.createAddon({ app: SERVICE_1, plan, options: { 'encryption-key': arn } })
  const refusal = async (plan: string, arn: string) => {
    const error = await create(plan, arn).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    return error instanceof HerokuError ? error.message : ''
  }
  const closed = aws.createKey({ allowed: false })
  const right = await refusal(PRIVATE_PLAN, closed)
  check(
    'a key that lets us do nothing is refused, and the missing right is named',
    right.includes('kms:DescribeKey'),
  )

  const arn = aws.createKey({ allowed: true })
  tellCustomer(stack, 'aws kms create-key --policy file://policy.json', [
    arn,
    `heroku addons:create securekey:${PRIVATE_PLAN} -a ${SERVICE_1} -- --encryption-key ARN`,
  ])
  const plan = await refusal('fortnightly', arn)
  check('a plan without a space takes no key of a customer', plan.includes(PRIVATE_PLAN))
  check('what is refused makes nothing', view.addons().length === 0)

  const { id: addonId } = await create(PRIVATE_PLAN, arn)
  check('the data key of the add-on was made by the key of the customer', aws.dataKeysMade(arn, addonId) > 0)
  const seen = await stack.observer.ownKeyOf(addonId)
  check('the add-on is watched under that key', seen?.arn === arn && seen.state === 'active')
  check('the app has its two keys', readKeyPair(heldPair(stack)) !== undefined)
  return { addonId, arn }
}

/** The key goes on being used: a rotation under it is like any other. */
export async function checkRotationUnderOwnKey(life: PrivateLife, what: string): Promise<void> {
  const { stack, check, signal } = life
  const former = readKeyPair(heldPair(stack))
  const rotated = () => {
    const now = readKeyPair(heldPair(stack))
    return now !== undefined && now.first !== former?.first
  }
  await until(`A rotation ${what}`, rotated, { limitMs: ROTATION_LIMIT_MS, signal })
  check(
    `a rotation ${what}: the former first key is the second`,
    readKeyPair(heldPair(stack))?.second === former?.first,
  )
}

/** Disabled for less than ten minutes, a key changes nothing; for longer, it suspends the add-on until it works again. */
export async function checkWithdrawal(life: PrivateLife): Promise<void> {
  const { stack, aws, check, signal, addonId, arn, time } = life
  const stateOf = async () => (await stack.observer.ownKeyOf(addonId))?.state
  const disable = () => {
    tellCustomer(stack, 'aws kms disable-key')
    aws.setKey(arn, 'Disabled')
  }
  const enable = () => {
    tellCustomer(stack, 'aws kms enable-key')
    aws.setKey(arn, 'Enabled')
  }
  const pass = async (minutes: number) => {
    tellCustomer(
      stack,
      `${minutes} ${minutes === 1 ? 'minute passes' : 'minutes pass'} for the watch over the key`,
    )
    await time.pass(minutes * MINUTE, signal)
  }

  disable()
  await pass(2)
  check('key disabled: nothing happens yet, the ten minutes count', (await stateOf()) === 'waiting')
  enable()
  await pass(2)
  check('a slip of the hand has changed nothing', (await stateOf()) === 'active')

  disable()
  await pass(2)
  await pass(6)
  check('key disabled for eight minutes: the service still waits', (await stateOf()) === 'waiting')
  const held = heldPair(stack)
  await pass(5)
  check('key disabled for more than ten minutes: the add-on is suspended', (await stateOf()) === 'suspended')
  const dashboard = await openDashboard(stack.simulator, addonId)
  check('suspended: the dashboard opens and says so', /suspended/i.test((await dashboard.read()).text))
  const { name } = stack.simulator.view.addon(addonId)
  check('suspended: a revoke is refused', !(await dashboard.isTaken('revoke', { name })))
  check('suspended: what the app holds stays as it is', heldPair(stack) === held)

  enable()
  await pass(2)
  await pass(1)
  check('key enabled: the add-on is restored', (await stateOf()) === 'active')
}
