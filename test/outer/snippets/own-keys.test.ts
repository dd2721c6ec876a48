import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keyring } from '../../../clients/node/src/index.ts'
import { removeFolder } from '../../support/remove-folder.ts'
import { isMissing } from '../support/toolchain.ts'
import { blockAt } from './support/page-blocks.ts'

const OPENSSL = {
  program: 'openssl',
  versionArgs: ['version'],
  oldest: [1, 1],
  debianPackage: 'openssl',
} as const

test.skipIf(isMissing(OPENSSL))(
  'the keys that a developer makes as the page says are taken by the library',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'securekey-own-keys-'))
    try {
      const command = blockAt('docs/using/what-the-value-is.md', 'A copy in another variable', 'sh')
      const { status } = spawnSync('sh', ['-c', command], { cwd: folder })
      expect(status).toBe(0)
      const [name = '', value = ''] = readFileSync(join(folder, '.env'), 'utf8').trimEnd().split('=')
      const warnings: string[] = []
      const ring = keyring({ env: { [name]: value }, onWarning: (code) => warnings.push(code) })
      const token = ring.sign('user-17', { purpose: 'login', expiresIn: '12h' })
      expect(ring.verify(token, { purpose: 'login' })).toMatchObject({ ok: true, text: 'user-17' })
      expect(warnings).toEqual(['keyring-missing'])
    } finally {
      await removeFolder(folder)
    }
  },
)
