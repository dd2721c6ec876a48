import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { entry, keyringBody, kidOf, PAIR, ringAt } from './support/rings.ts'

describe('the warning', () => {
  test.each([
    ['', 'keyring-missing'],
    ['{', 'keyring-unreadable'],
    ['{"v":2}', 'keyring-other-form'],
    [JSON.stringify(keyringBody({ keys: [{ ...entry.sign(5), kid: kidOf(9) }] })), 'keyring-other-keys'],
  ])('%j is told once, names the variables and shows nothing of them', (told, code) => {
    const { ring, warnings } = ringAt({ told })
    expect(warnings).toEqual([{ code, message: expect.stringContaining('SECURE_KEYRING is ignored') }])
    expect(warnings[0]?.message).toContain(code)
    expect(JSON.stringify(warnings)).not.toMatch(/[0-9A-F]{64}|[0-9a-f]{8}/)
    // The app goes on with its two keys.
    expect(ring.keys).toEqual([
      { kid: kidOf(5), use: 'sign' },
      { kid: kidOf(4), use: 'verify' },
    ])
    expect(ring.reason).toBeUndefined()
    expect(ring.rotatedAt).toBeUndefined()
    expect(ring.nextRotationAt).toBeUndefined()
  })

  test('is not given for a keyring that fits', () => {
    expect(ringAt().warnings).toEqual([])
  })

  test('stops no app, even if what it is told to throws', () => {
    const onWarning = () => {
      throw new Error('no')
    }
    expect(ringAt({ told: '{' }, { onWarning }).ring.keys).toHaveLength(2)
  })

  test('is one of the process if the app wants none of its own', () => {
    const door = new URL('../../../clients/node/src/index.ts', import.meta.url)
    const app = `import { keyring } from '${door}'; keyring({ value: '${PAIR}', keyringValue: '{' }); console.log('on')`
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', app], {
      ...{ encoding: 'utf8', timeout: 20_000 },
    })
    expect(stdout).toBe('on\n')
    expect(stderr).toContain('[keyring-unreadable] SecureKeyWarning: SECURE_KEYRING is ignored')
    expect(stderr).not.toMatch(/[0-9A-F]{20}/)
  })
})
