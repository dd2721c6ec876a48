import { systemNow } from '../clock.ts'
import { openDashboard } from '../dashboard.ts'
import { readKeyPair } from '../key-pair.ts'
import { SERVICE_1 } from '../scenario.ts'
import { until } from '../until.ts'
import type { CommandLine } from './command-line.ts'
import { heldPair, type PrivateLife, tellCustomer } from './private-life.ts'

const MINUTE = 60_000
const ROTATION_LIMIT_MS = 30_000

/** The key goes on being used: a rotation under it is like any other, by the schedule or asked for by `api`. */
export async function checkRotationUnderOwnKey(
  life: PrivateLife,
  what: string,
  api?: CommandLine,
): Promise<void> {
  const { stack } = life
  const rotation = checkRotationOf(life, heldPair(stack), what)
  if (!api) return await rotation
  tellCustomer(stack, `heroku securekey:rotate -a ${SERVICE_1}`)
  await Promise.all([rotation, askForRotation(life, api)])
}

/** Asks once more where it was too soon. If it still is, the schedule makes a rotation before long. */
async function askForRotation({ signal }: PrivateLife, api: CommandLine): Promise<void> {
  const { allowed_at } = (await api.ask('POST', '/rotations', {})).body
  if (typeof allowed_at !== 'string') return
  const isTime = () => systemNow() >= new Date(allowed_at)
  await until('The date from which a rotation is allowed', isTime, { limitMs: ROTATION_LIMIT_MS, signal })
  await api.ask('POST', '/rotations', {})
}

/** Waits for the rotation that follows `held`. */
async function checkRotationOf(life: PrivateLife, held: string, what: string): Promise<void> {
  const { stack, check, signal } = life
  const former = readKeyPair(held)
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

/**
 * Disabled for less than ten minutes, a key changes nothing; for longer, it suspends the add-on until it works again. Then
 * the add-on rotates again.
 */
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

  const restore = async () => {
    enable()
    await pass(2)
    await pass(1)
    check('key enabled: the add-on is restored', (await stateOf()) === 'active')
  }
  // What came due meanwhile is made up for at once, perhaps before all minutes have passed.
  await Promise.all([checkRotationOf(life, held, 'after the key works again'), restore()])
}
