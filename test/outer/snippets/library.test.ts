import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { removeFolder } from '../../support/remove-folder.ts'
import { RUBY_CLIENT } from '../support/minitest.ts'
import { CLIENT_PYTHON } from '../support/python-tests.ts'
import { isMissing, RUBY, runTool, type Toolchain } from '../support/toolchain.ts'
import { stateNamed } from './support/lives-through-rotations.ts'
import { blockAt } from './support/page-blocks.ts'

/** The few lines of the library in each language, as they stand on its page. */
const NODE: Toolchain = {
  program: process.execPath,
  versionArgs: ['--version'],
  oldest: [24, 0],
  debianPackage: 'nodejs',
}
const RESOLVER = fileURLToPath(new URL('support/node-resolver.ts', import.meta.url))
const SOURCE = fileURLToPath(new URL('../../../clients/python/src', import.meta.url))

const LANGUAGES = [
  { page: 'node', language: 'js', tool: NODE, file: 'a.mjs', args: ['--import', RESOLVER], env: {} },
  { page: 'ruby', language: 'ruby', tool: RUBY, file: 'a.rb', args: ['-I', `${RUBY_CLIENT}lib`], env: {} },
  {
    ...{ page: 'python', language: 'python', tool: CLIENT_PYTHON, file: 'a.py', args: ['-B'] },
    env: { PYTHONPATH: SOURCE },
  },
]

describe.each(LANGUAGES)(
  'the lines with the library of the page $page',
  ({ page, language, tool, file, args, env }) => {
    const folder = mkdtempSync(join(tmpdir(), 'securekey-snippet-'))
    afterAll(() => removeFolder(folder))

    test.skipIf(isMissing(tool))('prints what its comments say', () => {
      const code = blockAt(`docs/using/${page}.md`, 'With the library', language)
      writeFileSync(join(folder, file), code)
      const { secure_key, secure_keyring } = stateNamed('rotated once')
      const variables = { SECURE_KEY: secure_key, SECURE_KEYRING: secure_keyring ?? '' }
      const printed = runTool(tool, [...args, join(folder, file)], { env: { ...env, ...variables } })
      const said = [...code.matchAll(/^(?:console\.log|puts|print).*(?:\/\/|#) (\S+)$/gm)].map(
        ([, what]) => what,
      )
      expect(said.length).toBe(3)
      expect(printed.trim().split('\n')).toEqual(said)
    })
  },
)
