import { describe, expect, test } from 'vitest'
import { keyring } from '../../clients/node/src/index.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { DAY, HOUR } from '../support/harness.ts'
import { ACTOR, type Life, startLife } from './support/customer-app.ts'

const PURPOSE = { purpose: 'login' }

/** A process of the app as it starts now: it keeps the config that it has read. It signs with the first key at once. */
function processOf(life: Life) {
  const warnings: string[] = []
  const ring = keyring({
    env: { ...life.heroku.view.configVars(life.appName) },
    now: () => life.clock.now().getTime(),
    startedAt: life.clock.now().getTime(),
    settle: 0,
    onWarning: (code) => warnings.push(code),
  })
  expect(warnings).toEqual([])
  return {
    sign: () => ring.sign('ann', { ...PURPOSE, expiresIn: '1h' }),
    accepts: (token: string) => ring.verify(token, PURPOSE).ok,
  }
}

async function rotate(life: Life): Promise<void> {
  life.clock.advance(14 * DAY)
  await life.tick()
}

describe('a formation that is half restarted, with the next key', () => {
  test('accepts on each side what the other has signed, over four rotations', async () => {
    const life = await startLife({ next: true })
    for (let rotation = 1; rotation <= 4; rotation += 1) {
      const stale = processOf(life)
      await rotate(life)
      const restarted = processOf(life)
      expect(stale.accepts(restarted.sign())).toBe(true)
      expect(restarted.accepts(stale.sign())).toBe(true)
    }
  })

  test('does so too after a rotation by hand, and beside a filler', async () => {
    const life = await startLife({ next: true, grace: '48h' })
    await rotate(life)
    life.clock.advance(48 * HOUR)
    await life.tick()
    const stale = processOf(life)
    await requestRotation(life.deps, { resourceId: life.id, actor: ACTOR })
    await life.tick()
    const restarted = processOf(life)
    expect(stale.accepts(restarted.sign())).toBe(true)
    expect(restarted.accepts(stale.sign())).toBe(true)
  })

  test('accepts nothing of before a revoke, the announced key included', async () => {
    const life = await startLife({ next: true })
    const stale = processOf(life)
    await revokeKeys(life.deps, { resourceId: life.id, actor: ACTOR })
    await life.tick()
    const restarted = processOf(life)
    expect(restarted.accepts(stale.sign())).toBe(false)
    expect(stale.accepts(restarted.sign())).toBe(false)
  })
})

test('without the next key a process that has not restarted refuses what a restarted one has signed', async () => {
  const life = await startLife()
  const stale = processOf(life)
  await rotate(life)
  expect(stale.accepts(processOf(life).sign())).toBe(false)
})
