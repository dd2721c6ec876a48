import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { RUBY_CLIENT } from './minitest.ts'

/** The gem as a developer has it: packed, and installed from that file alone. */
export type PackedGem = {
  folder: string
  file: string
  home: string
  /** For a Ruby process that has it, and no other copy of it. */
  env: Record<string, string>
}

const STEP_LIMIT_MS = 60_000

/** Packs the gem and installs it into an empty folder, without asking anybody for anything. The caller removes `folder`. */
export function packGem(): PackedGem {
  const folder = mkdtempSync(join(tmpdir(), 'securekey-gem-'))
  const file = join(folder, 'securekey.gem')
  const home = join(folder, 'home')
  const run = (args: string[]) =>
    execFileSync('gem', args, { cwd: RUBY_CLIENT, timeout: STEP_LIMIT_MS, encoding: 'utf8', stdio: 'pipe' })
  run(['build', 'securekey.gemspec', '--strict', '--output', file])
  run(['install', '--local', '--no-document', '--install-dir', home, '--bindir', join(home, 'bin'), file])
  return { folder, file, home, env: { GEM_HOME: home, SECUREKEY_INSTALLED: '1' } }
}
