import { describe, expect, test } from 'vitest'
import { type Keyring, readKeyring } from '../../src/domain/keyring-var.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { setTokenLife } from '../../src/flows/dashboard/set-token-life.ts'
import { askToAdopt } from '../../src/flows/operations/foreign.ts'
import { backUp } from '../support/backup.ts'
import { DAY, HOUR } from '../support/harness.ts'
import { checkBooks } from './support/books.ts'
import { ACTOR, type Life, startLife } from './support/customer-app.ts'
import { pushAs, restored } from './support/environments.ts'

const about = ({ id }: Life) => ({ resourceId: id, actor: ACTOR })
const config = (life: Life) => {
  const { SECURE_KEY: pair = '', SECURE_KEYRING: keyring = '' } = life.heroku.view.addon(life.id).config
  return { pair, keyring }
}
const ringOf = (life: Life): Keyring => {
  const read = readKeyring(config(life).keyring)
  if (!read) throw new Error('Heroku holds no keyring')
  return read.keyring
}
const oldTexts = (life: Life) =>
  ringOf(life).keys.flatMap(({ use, key }) => (use === 'verify' && key ? [key] : []))

/** Rotations on their dates; returns what signed before each. */
async function rotations(life: Life, count: number): Promise<string[]> {
  const signed: string[] = []
  for (let served = 0; served < count; served += 1) {
    signed.push(life.held().first)
    life.clock.advance(7 * DAY)
    await life.tick()
  }
  return signed
}

async function daysPass(life: Life, days: number): Promise<void> {
  for (let day = 0; day < days; day += 1) {
    life.clock.advance(DAY)
    await life.tick()
  }
}

const startKept = () => startLife({ plan: 'weekly', tokenLife: '30d' })

describe('old keys that are kept for a stated life', () => {
  test('are put back by the daily look where the keyring has lost them, and stay where it holds one that has ended', async () => {
    const life = await startKept()
    await rotations(life, 3)
    const before = oldTexts(life)
    await pushAs(life.deps, life.id, { ...config(life), keyring: '{"v":1}' })
    await daysPass(life, 1)
    expect(oldTexts(life)).toEqual(before)
    expect(await life.kinds()).toContain('config-repaired')
    await rotations(life, 3)
    const pushed = life.pushed().length
    const listed = oldTexts(life).length
    await daysPass(life, 5)
    // One has ended and is erased; nobody restarts for that.
    expect((await life.state()).keyset.older).toHaveLength(listed - 1)
    expect(life.pushed()).toHaveLength(pushed)
    await checkBooks(life.deps, life.id)
  })

  test('do not share the keyring with a key that nobody here made', async () => {
    const life = await startKept()
    await rotations(life, 3)
    const text = 'F'.repeat(64)
    const { keys } = JSON.parse(config(life).keyring)
    const planted = {
      kid: '4fb7a8b1',
      version: 77,
      use: 'verify',
      until: '2027-01-01T00:00:00.000Z',
      key: text,
    }
    const keyring = JSON.stringify({ ...JSON.parse(config(life).keyring), keys: [...keys, planted] })
    await pushAs(life.deps, life.id, { ...config(life), keyring })
    await daysPass(life, 1)
    expect(oldTexts(life)).not.toContain(text)
    expect(await life.accepts(text)).toBe(false)
  })

  test('come back to a restored database from the keyring at Heroku, with the life that apps were promised', async () => {
    const life = await startLife({ plan: 'weekly' })
    const backup = await backUp(life.deps.db)
    await setTokenLife(life.deps, { ...about(life), tokenLifeMs: 30 * DAY })
    const signed = await rotations(life, 4)
    const before = config(life)
    await restored(life, backup)
    life.clock.advance(DAY)
    await daysPass(life, 1)
    expect(config(life)).toEqual(before)
    expect(await life.kinds()).toContain('config-adopted')
    const { tokenLifeMs } = await life.state()
    expect(tokenLifeMs).toBe(30 * DAY)
    for (const key of signed) expect(await life.accepts(key)).toBe(true)
    await rotations(life, 1)
    expect(oldTexts(life)).toEqual(expect.arrayContaining(signed.slice(1, 3)))
  })

  test('end where an operator takes over a pair that nobody here made, whose second key is kept for the life', async () => {
    const life = await startKept()
    const signed = await rotations(life, 3)
    await pushAs(life.deps, life.id, { pair: `${'A'.repeat(64)},${'B'.repeat(64)}`, keyring: '' })
    await daysPass(life, 1)
    await askToAdopt(life.deps, about(life))
    await life.tick()
    for (const key of signed) expect(await life.accepts(key)).toBe(false)
    life.clock.advance(3 * HOUR)
    await requestRotation(life.deps, { ...about(life), evenIfTooSoon: true })
    await life.tick()
    expect(oldTexts(life)).toEqual(['B'.repeat(64)])
  })
})
