import { hash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { type AppRelease, startAppProcess } from '../../../../local/formation/app-process.ts'
import { startBalancer } from '../../../../local/formation/balancer.ts'
import { createFormation, type ProcessNews } from '../../../../local/formation/formation.ts'
import { type Click, createVisitor } from '../../../../local/formation/visitor.ts'
import { removeFolder } from '../../../support/remove-folder.ts'

/** Where people find the example. */
export const exampleFolder = fileURLToPath(
  new URL('../../../../clients/examples/formation/', import.meta.url),
)

/** The example app in two real processes, and a visitor who clicks four times in each mixed formation. */
export async function startExampleApp(program: string, env: Record<string, string> = {}) {
  const logFolder = scratchFolder()
  const balancer = await startBalancer(0)
  onTestFinished(() => balancer.close())
  const visitor = createVisitor(balancer.url)
  const clicks: Click[] = []
  const news: ProcessNews[] = []

  async function click(times: number): Promise<Click[]> {
    const fresh: Click[] = []
    for (let time = 0; time < times; time += 1) fresh.push(await visitor.click())
    clicks.push(...fresh)
    return fresh
  }

  const formation = createFormation({
    names: ['web.1', 'web.2'],
    start: (name, release, signal) =>
      startAppProcess({ folder: exampleFolder, program, env, logFolder }, name, release, signal),
    balancer,
    gap: async () => void (await click(4)),
    retryDelay: async () => {},
    tell: (told) => news.push(told),
  })
  onTestFinished(() => formation.close())
  return {
    visitor,
    click,
    clicks,
    news,
    running: formation.running,
    deploy: async (release: AppRelease) => {
      formation.deploy(release)
      await formation.settled()
    },
    logs: () =>
      readdirSync(logFolder)
        .map((name) => readFileSync(join(logFolder, name), 'utf8'))
        .join('\n'),
  }
}

/** A folder of the test's own, gone after it. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'example-app-'))
  onTestFinished(() => removeFolder(folder))
  return folder
}

/** The text of a fresh key. */
export function freshKey(): string {
  return randomBytes(32).toString('hex').toUpperCase()
}

const DAY_MS = 86_400_000

/**
 * The config vars of a fortnightly add-on that was rotated this moment: the first key signs, the second is accepted until
 * the next rotation.
 */
export function rotatedConfig(
  keys: readonly [string, string],
  version: number,
  now: Date,
): Record<string, string> {
  const at = (days: number) => new Date(now.getTime() + days * DAY_MS).toISOString()
  const entry = (key: string) => ({ kid: hash('sha256', key, 'hex').slice(0, 8) })
  const [first, second] = keys
  const keyring = {
    v: 1,
    keys: [
      { ...entry(first), version, use: 'sign', until: null },
      { ...entry(second), version: version - 1, use: 'verify', until: at(14) },
    ],
    reason: 'scheduled',
    rotated_at: at(0),
    next_rotation_at: at(14),
    good_for: 7 * 86_400,
    mac: '',
  }
  return { SECURE_KEY: keys.join(','), SECURE_KEYRING: JSON.stringify(keyring) }
}
