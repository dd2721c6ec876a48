import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { debianSuite } from './debian-suite.ts'

/** Where a Ruby process finds its frameworks: `env` for it, or why they are missing. */
export type Gems = { env: Record<string, string>; missing?: string }

const REQUIRED = process.env.REQUIRE_TOOLS === '1'
const ANSWER_LIMIT_MS = 60_000

/** Of this machine: Debian 12 has Rack 2.2, Rails 6.1, Sinatra 3. Missing ones skip, or fail with REQUIRE_TOOLS=1. */
export function machineGems(...libraries: readonly string[]): Gems {
  const script = libraries.map((library) => `require '${library}'`).join(';')
  const { status } = spawnSync('ruby', ['-e', script], { timeout: ANSWER_LIMIT_MS, stdio: 'ignore' })
  if (status === 0 || REQUIRED) return { env: {} }
  return {
    env: {},
    missing: `Ruby finds no ${libraries.join(', ')} (Debian: apt-get install ruby-railties ruby-sinatra puma)`,
  }
}

/** Of Debian's newer suite: Rack 3.1 with rack-session 2.1, Rails 7.2, Sinatra 4. They go before those of the machine. */
export async function newerGems(): Promise<Gems> {
  const folder = await debianSuite('ruby')
  if (folder === undefined) return { env: {}, missing: "Debian's newer gems cannot be had" }
  const gems = join(folder, 'usr/share/rubygems-integration/all/gems')
  const paths = readdirSync(gems).map((name) => join(gems, name, 'lib'))
  const usable = [...paths, join(folder, 'usr/lib/ruby/vendor_ruby')].filter((path) => existsSync(path))
  // By path, not by GEM_PATH: their specifications name compiled gems that the machine's Ruby has in other versions.
  return { env: { RUBYLIB: usable.join(':') } }
}
