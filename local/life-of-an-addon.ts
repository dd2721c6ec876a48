import { readFile } from 'node:fs/promises'
import { ADDON } from '../src/bin/observe.ts'
import { fingerprint, readKeyPair } from './key-pair.ts'
import { complaintIn } from './log-follower.ts'
import { ATTACHMENT, PLAN, SERVICE_1, SERVICE_2 } from './scenario.ts'
import type { Stack } from './stack.ts'
import { until } from './until.ts'

/** Notes a promise that held; throws when it did not. */
export type Check = (promise: string, held: boolean) => void

type Life = { stack: Stack; check: Check; signal: AbortSignal; addonId: string }

const VAR_1 = ADDON.configVar
/** Heroku puts the attachment's name in the place of the prefix. */
const VAR_2 = VAR_1.replace(ADDON.configVarsPrefix, ATTACHMENT)
const ROTATION_LIMIT_MS = 30_000
const ROTATIONS = 2

/** Lives the whole life of one add-on through Heroku's eyes, and holds every step against what was promised. */
export async function liveThrough(stack: Stack, check: Check, signal: AbortSignal): Promise<void> {
  const { customer } = stack.simulator
  for (const app of [SERVICE_1, SERVICE_2]) await customer.createApp(app)
  const addon = await customer.createAddon({ app: SERVICE_1, plan: PLAN })
  const life = { stack, check, signal, addonId: addon.id }

  await checkProvision(life)
  await customer.attach({ addon: addon.id, app: SERVICE_2, as: ATTACHMENT })
  check(`${SERVICE_2} holds the same value as ${VAR_2}`, value(life, SERVICE_2) === value(life, SERVICE_1))
  for (let rotation = 1; rotation <= ROTATIONS; rotation += 1) await checkRotation(life, rotation)

  await customer.detach(ATTACHMENT, SERVICE_2)
  check(`detach: ${VAR_2} is gone from ${SERVICE_2}`, value(life, SERVICE_2) === '')
  check(`detach: ${SERVICE_1} keeps its pair`, readKeyPair(value(life, SERVICE_1)) !== undefined)
  await customer.destroy({ addon: addon.id })
  await checkEnd(life)
}

async function checkProvision({ stack, check, addonId, ...life }: Life): Promise<void> {
  const given = value({ stack }, SERVICE_1)
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
  const former = value(life, SERVICE_1)
  const limits = { limitMs: ROTATION_LIMIT_MS, signal }
  await until(`Rotation ${rotation}`, () => value(life, SERVICE_1) !== former, limits)

  const now = value(life, SERVICE_1)
  const keys = readKeyPair(now)
  const formerKeys = readKeyPair(former)
  const of = `rotation ${rotation}: `
  check(`${of}the first key is new`, keys !== undefined && !former.includes(keys.first))
  check(`${of}the second key is the former first`, keys?.second === formerKeys?.first)
  check(`${of}both apps hold the same value`, value(life, SERVICE_2) === now)
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

async function checkEnd({ stack, check, addonId }: Life): Promise<void> {
  const { simulator, observer, logFiles } = stack
  check(`deprovision: ${VAR_1} is gone from ${SERVICE_1}`, value({ stack }, SERVICE_1) === '')
  const { status } = await simulator.customer.repeatProvision(addonId)
  check(`deprovision: the service answers 410 to a repeated request`, status === 410)
  check('deprovision: every key is erased', (await observer.keysOf(addonId)).stored === 0)

  const logs = (await Promise.all(logFiles.map((file) => readFile(file, 'utf8')))).join('\n')
  const releases = [SERVICE_1, SERVICE_2].flatMap((app) => simulator.view.releases(app))
  const shown = releases.flatMap(({ config }) =>
    Object.values(config).flatMap((text) => text.match(/[0-9A-F]{64}/g) ?? []),
  )
  check('the service logged no key', shown.length > 0 && !shown.some((key) => logs.includes(key)))
  const lines = logs.split('\n').filter((line) => line !== '')
  const troubles = lines.filter((line) => complaintIn(line, new Date(0))?.trouble)
  check(`the service logged no error${troubles.map((line) => `\n  ${line}`).join('')}`, troubles.length === 0)
}

/** The add-on's config var on an app; empty when there is none. */
function value({ stack }: Pick<Life, 'stack'>, app: string): string {
  return stack.simulator.view.configVars(app)[app === SERVICE_1 ? VAR_1 : VAR_2] ?? ''
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
