import { readFile } from 'node:fs/promises'
import type { Example } from './formation/example.ts'
import { fingerprint, readKeyPair } from './key-pair.ts'
import { heldBy, type Life, VAR_1, VAR_2 } from './life.ts'
import { checkFiller, checkLogin, checkRevoke } from './life-of-a-login.ts'
import { complaintIn } from './log-follower.ts'
import { confirmReader, READER } from './mail-reader.ts'
import { ATTACHMENT, ensureApps, PLAN, SERVICE_1, SERVICE_2 } from './scenario.ts'
import type { Stack } from './stack.ts'
import { until } from './until.ts'

const ROTATION_LIMIT_MS = 30_000
const MAIL_LIMIT_MS = 30_000

/**
 * Lives the whole life of one add-on through Heroku's eyes, and holds every step against what was promised. `startApp`
 * starts the processes of the app that has the add-on.
 */
export async function liveThrough(
  stack: Stack,
  startApp: () => Promise<Example>,
  { check, signal, settleMs }: Pick<Life, 'check' | 'signal'> & { settleMs: number },
): Promise<void> {
  const { customer } = stack.simulator
  await ensureApps(stack.simulator)
  const addon = await customer.createAddon({ app: SERVICE_1, plan: PLAN })
  const life = { stack, example: await startApp(), check, signal, addonId: addon.id }

  await checkProvision(life)
  await customer.attach({ addon: addon.id, app: SERVICE_2, as: ATTACHMENT })
  check(`${SERVICE_2} holds the same value as ${VAR_2}`, heldBy(life, SERVICE_2) === heldBy(life, SERVICE_1))
  await checkRotation(life, 1)
  await checkFiller(life, settleMs)
  await confirmReader(stack, addon.id, signal)
  await checkRotation(life, 2)
  await checkMail(life)
  await checkLogin(life)
  await checkRevoke(life)

  await customer.detach(ATTACHMENT, SERVICE_2)
  check(`detach: ${VAR_2} is gone from ${SERVICE_2}`, heldBy(life, SERVICE_2) === '')
  check(`detach: ${SERVICE_1} keeps its pair`, readKeyPair(heldBy(life, SERVICE_1)) !== undefined)
  await customer.destroy({ addon: addon.id })
  await checkEnd(life)
}

async function checkProvision({ stack, check, addonId, ...life }: Life): Promise<void> {
  const given = heldBy({ stack }, SERVICE_1)
  const keys = readKeyPair(given)
  check(
    `${VAR_1} is two keys of 64 upper-case hex digits, one comma, no space`,
    keys !== undefined && keys.first !== keys.second,
  )
  const { status, json } = await stack.simulator.customer.repeatProvision(addonId)
  life.signal.throwIfAborted()
  check('a repeated provision request gets the same keys', status === 200 && holds(json, given))
}

async function checkRotation(life: Life, rotation: number): Promise<void> {
  const { stack, check, signal, addonId } = life
  const before = [SERVICE_1, SERVICE_2].map((app) => ({
    app,
    release: stack.simulator.view.app(app).version,
  }))
  const former = heldBy(life, SERVICE_1)
  const limits = { limitMs: ROTATION_LIMIT_MS, signal }
  await until(`Rotation ${rotation}`, () => heldBy(life, SERVICE_1) !== former, limits)

  const now = heldBy(life, SERVICE_1)
  const keys = readKeyPair(now)
  const formerKeys = readKeyPair(former)
  const of = `rotation ${rotation}: `
  check(`${of}the first key is new`, keys !== undefined && !former.includes(keys.first))
  check(`${of}the second key is the former first`, keys?.second === formerKeys?.first)
  check(`${of}both apps hold the same value`, heldBy(life, SERVICE_2) === now)
  await until(
    `The promotion of rotation ${rotation}`,
    async () => (await stack.observer.keysOf(addonId)).signs === fingerprint(keys?.first ?? ''),
    limits,
  )
  const { others, stored } = await stack.observer.keysOf(addonId)
  check(
    `${of}the service accepts the former first and nothing older`,
    others.join() === fingerprint(keys?.second ?? ''),
  )
  const cut = before.map(({ app, release }) => stack.simulator.view.app(app).version - release)
  check(
    `${of}one release per app`,
    cut.every((releases) => releases === 1),
  )
  check(`${of}older keys are erased`, stored === 2)
}

async function checkMail({ stack, check, signal }: Life): Promise<void> {
  const { mails } = stack.mailBox
  const told = () => mails.filter(({ to, subject }) => to === READER && /the key was rotated/.test(subject))
  await until('A mail of the rotation', () => told().length > 0, { limitMs: MAIL_LIMIT_MS, signal })
  check('mail: whoever confirmed an address is told of the rotation', told().length === 1)
  const held = Object.values(stack.simulator.view.configVars(SERVICE_1))
  const keys = held.flatMap((value) => value.match(/[0-9A-F]{64}/g) ?? [])
  check('mail: no key stands in a mail', !mails.some(({ text }) => keys.some((key) => text.includes(key))))
}

async function checkEnd({ stack, example, check, addonId }: Life): Promise<void> {
  const { simulator, observer, logFiles } = stack
  check(`deprovision: ${VAR_1} is gone from ${SERVICE_1}`, heldBy({ stack }, SERVICE_1) === '')
  const { status } = await simulator.customer.repeatProvision(addonId)
  check(`deprovision: the service answers 410 to a repeated request`, status === 410)
  check('deprovision: every key is erased', (await observer.keysOf(addonId)).stored === 0)

  const logs = (await Promise.all(logFiles.map((file) => readFile(file, 'utf8')))).join('\n')
  const releases = [SERVICE_1, SERVICE_2].flatMap((app) => simulator.view.releases(app))
  const shown = releases.flatMap(({ config }) =>
    Object.values(config).flatMap((text) => text.match(/[0-9A-F]{64}/g) ?? []),
  )
  check('the service logged no key', shown.length > 0 && !shown.some((key) => logs.includes(key)))
  const appLogs = (await Promise.all(example.logFiles.map((file) => readFile(file, 'utf8')))).join('\n')
  const spoken = shown.some((key) => appLogs.includes(key)) || appLogs.includes('shop=')
  check('the app logged no key and no cookie', !spoken)
  const lines = logs.split('\n').filter((line) => line !== '')
  const troubles = lines.filter((line) => complaintIn(line, new Date(0))?.trouble)
  check(`the service logged no error${troubles.map((line) => `\n  ${line}`).join('')}`, troubles.length === 0)
}

function holds(answer: unknown, given: string): boolean {
  const config =
    typeof answer === 'object' && answer !== null && 'config' in answer ? answer.config : undefined
  // The keyring beside it is of the moment of the answer.
  return typeof config === 'object' && config !== null && Object.entries(config).some(isGiven)

  function isGiven([name, held]: [string, unknown]): boolean {
    return name === VAR_1 && held === given
  }
}
