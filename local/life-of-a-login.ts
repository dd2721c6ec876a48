import { systemNow } from './clock.ts'
import { openDashboard } from './dashboard.ts'
import { keyChange } from './formation/key-change.ts'
import { heldBy, type Life } from './life.ts'
import { SERVICE_1 } from './scenario.ts'
import { until } from './until.ts'

const CHANGE_LIMIT_MS = 30_000
/** After the settle time every login is signed by the first key, once its visitor has clicked. */
const CLICKS_AFTER_SETTLING = 3

/**
 * Ends the grace period of the old key early, so that a filler takes its place. Once the settle time is over and the visitor
 * has clicked, no login needs the old key.
 */
export async function checkFiller(life: Life, settleMs: number): Promise<void> {
  const { stack, example, check, signal, addonId } = life
  const limits = { limitMs: CHANGE_LIMIT_MS, signal }
  await example.settled()
  const settledAt = systemNow().getTime() + settleMs
  await until('The settle time', () => systemNow().getTime() >= settledAt, limits)
  await clickedOn(life)

  const former = heldBy(life, SERVICE_1)
  const dashboard = await openDashboard(stack.simulator, addonId)
  await dashboard.send('grace', { choice: 'custom', custom: '5s' })
  await until('A filler', () => heldBy(life, SERVICE_1) !== former, limits)
  const change = keyChange(former, heldBy(life, SERVICE_1))
  check(
    'grace: a filler takes the second place, and the first key goes on signing',
    change === 'second-replaced',
  )
  await dashboard.send('grace', { choice: 'period' })
  await checkLogin(life)
}

/** Every process has the newest release, and the login of before is still good. */
export async function checkLogin(life: Life): Promise<void> {
  await clickedOn(life)
  const { clicks, rotations, logouts, unanswered } = life.example.visits()
  const promise = `nobody was logged out over ${clicks} clicks so far, and every click got a page; rotations: ${rotations}`
  life.check(promise, logouts === 0 && unanswered === 0)
}

/** Revokes both keys, which ends every login once; after that, a new one is good. */
export async function checkRevoke(life: Life): Promise<void> {
  const { stack, example, check, signal, addonId } = life
  const former = heldBy(life, SERVICE_1)
  const dashboard = await openDashboard(stack.simulator, addonId)
  // The legacy API tells no names, so the page asks for the id.
  const { partnerApi } = stack.settings
  const name = partnerApi === 'v1' ? addonId : stack.simulator.view.addon(addonId).name
  await dashboard.send('revoke', { name })
  const revoked = () => keyChange(former, heldBy(life, SERVICE_1)) === 'revoked'
  await until('A revoke', revoked, { limitMs: CHANGE_LIMIT_MS, signal })
  check('revoke: both keys are fresh', revoked())
  await clickedOn(life)
  const { ended, logouts } = example.visits()
  check(
    'revoke: whoever was logged in is logged out, once, and may log in anew',
    ended === 1 && logouts === 0,
  )
}

/** Waits until every process has the newest release, and the visitor has clicked some more. */
async function clickedOn({ example, signal }: Life): Promise<void> {
  await example.settled()
  const { clicks } = example.visits()
  const enough = () => example.visits().clicks >= clicks + CLICKS_AFTER_SETTLING
  await until('A further click', enough, { limitMs: CHANGE_LIMIT_MS, signal })
}
