import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { removeFolder } from '../../support/remove-folder.ts'

const CACHE = fileURLToPath(new URL('../../../.cache/', import.meta.url))
const INSTALL_LIMIT_MS = 300_000
const run = promisify(execFile)

/**
 * The `node_modules` that the package-lock.json of a folder describes, installed once into `.cache` and used from then on. No
 * script of a package runs. May be called by several processes at once.
 */
export async function nodeModulesOf(folder: string): Promise<string> {
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8')
  const digest = createHash('sha256').update(lock).digest('hex').slice(0, 16)
  const place = join(CACHE, `npm-${basename(folder)}`, digest)
  if (existsSync(place)) return join(place, 'node_modules')
  mkdirSync(join(place, '..'), { recursive: true })
  const work = mkdtempSync(`${place}.work-`)
  try {
    for (const file of ['package.json', 'package-lock.json'])
      copyFileSync(join(folder, file), join(work, file))
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
    await run('npm', ['ci', ...flags], { cwd: work, timeout: INSTALL_LIMIT_MS })
    moveTo(work, place)
  } finally {
    await removeFolder(work)
  }
  return join(place, 'node_modules')
}

/** Another process may have been faster: its folder holds the same. */
function moveTo(work: string, place: string): void {
  try {
    renameSync(work, place)
  } catch (error) {
    if (!existsSync(place)) throw error
  }
}
