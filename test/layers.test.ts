import { readdirSync, readFileSync } from 'node:fs'
import { join, posix, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readSource } from './support/source-file.ts'

/** What a folder of src (or a file at its top), or a folder beside src, may import besides itself. */
type Rule = {
  folders?: string[]
  /** Only with `import type`. */
  typesOf?: string[]
  /** npm packages and node core; `@scope/*` and `node:*` stand for all of them. */
  packages?: string[]
  /** Of these packages only the named exports. */
  onlyNames?: Record<string, string[]>
  /** Single files, of other layers or outside of all. */
  files?: string[]
  anything?: true
  /** Files that import by a path which is only known when they run. */
  computed?: string[]
  /** Packages that only these files may import. */
  onlyIn?: Record<string, string[]>
  /** May read the real clock, chance and the environment: all of it, or these files. */
  ambient?: true | string[]
}

const TABLE: Record<string, Rule> = {
  domain: {
    packages: ['node:crypto'],
    onlyNames: { 'node:crypto': ['createHash', 'hash', 'timingSafeEqual'] },
    // Time zones, behind one door: docs/decisions/0026.
    onlyIn: { 'temporal-polyfill': ['src/domain/zoned.ts'] },
  },
  store: { folders: ['domain'], packages: ['kysely', 'pg', 'node:*'] },
  sealing: { folders: ['domain'], packages: ['node:crypto', 'jose', 'lru-cache'] },
  heroku: { folders: ['domain'], packages: ['undici'] },
  // What every service of AWS is called with; each package of its SDK has a folder of its own.
  aws: {},
  kms: { folders: ['domain', 'aws'], packages: ['@aws-sdk/client-kms'] },
  privatelink: { folders: ['domain', 'aws'], packages: ['@aws-sdk/client-ec2'] },
  notices: {
    folders: ['domain'],
    packages: ['undici', 'node:crypto'],
    onlyIn: {
      nodemailer: ['src/notices/mail/mailer.ts'],
      eta: ['src/notices/mail/letters.ts'],
      'ipaddr.js': ['src/notices/webhook/public-address.ts'],
      standardwebhooks: ['src/notices/webhook/sign.ts'],
      'node:dns/promises': ['src/notices/webhook/resolve-name.ts'],
      'node:net': ['src/notices/webhook/send-webhook.ts'],
    },
  },
  flows: {
    folders: ['domain', 'store'],
    typesOf: ['sealing', 'heroku', 'kms', 'notices'],
    packages: ['dataloader'],
  },
  http: {
    folders: ['flows', 'domain'],
    packages: ['fastify', '@fastify/*', 'typebox', 'eta', 'negotiator', 'structured-headers', 'node:crypto'],
    onlyIn: {
      'node:net': ['src/http/private/listener.ts', 'src/http/private/peers.ts'],
      'node:http': ['src/http/private/listener.ts', 'src/http/private/peers.ts'],
    },
  },
  worker: { folders: ['flows', 'domain'], packages: ['node-cron'] },
  'logger.ts': { packages: ['pino'] },
  'config.ts': {
    folders: ['domain'],
    packages: ['node:*', 'node-cron'],
    files: ['addon-manifest.json'],
    ambient: true,
  },
  'clock.ts': { packages: ['node:timers/promises'], ambient: true },
  bin: { anything: true, ambient: true },
  // A package of its own: nothing of src, and through one door only.
  simulator: {
    packages: ['fastify', '@fastify/*', 'node:*'],
    ambient: ['simulator/src/bin.ts', 'simulator/src/clock.ts'],
  },
  // Packages that apps install: nothing of src, nothing of npm, one door to the process.
  clients: {
    packages: ['node:crypto', 'node:util'],
    onlyIn: {
      jose: ['clients/node/src/hand-over/open-answer.ts'],
      'node:worker_threads': ['clients/node/src/surroundings.ts'],
    },
    ambient: ['clients/node/src/surroundings.ts', 'clients/node/src/bin.ts'],
  },
  // A plugin of the Heroku CLI: what that CLI is made of, and nothing else.
  'clients/heroku-cli': {
    packages: [
      '@heroku-cli/command',
      '@heroku/heroku-cli-util',
      '@oclif/core',
      'node:crypto',
      'node:timers/promises',
    ],
    ambient: ['clients/heroku-cli/src/surroundings.ts'],
  },
  local: {
    packages: ['pg', 'tough-cookie', 'node:*'],
    onlyIn: {
      'smtp-server': ['local/mail-box.ts'],
      mailparser: ['local/mail-box.ts'],
      '@aws-sdk/client-ec2': ['local/private/aws.ts'],
    },
    files: [
      'simulator/src/index.ts',
      'simulator/aws/create-aws.ts',
      'src/bin/observe.ts',
      'addon-manifest.json',
    ],
    // The embedded Postgres for this platform.
    computed: ['local/postgres-home.ts'],
    ambient: ['local/start.ts', 'local/clock.ts', 'local/stop-signals.ts', 'local/postgres.ts'],
  },
}

const LONGEST_FILE_LINES = 250

/**
 * The store's verbs that change a live resource, and the files that use them. Each file holds the lock of the resource's
 * row, or writes only where fence and revision are still those that were read.
 */
const CHANGES_A_RESOURCE: Record<string, string[]> = {
  writeStates: ['src/store/changes.ts'],
  writeChanges: [
    'src/flows/change-resource.ts',
    'src/flows/change-writer.ts',
    'src/flows/provisioning/deprovision.ts',
    'src/flows/rotation/adopt.ts',
    'src/flows/rotation/await-turn.ts',
    'src/flows/rotation/behind.ts',
    'src/flows/rotation/end-failed.ts',
    'src/flows/rotation/promote.ts',
  ],
  insertKeys: ['src/store/changes.ts'],
  deleteKeys: ['src/store/changes.ts'],
  setGrace: ['src/flows/dashboard/set-grace-period.ts'],
  setHandsOver: ['src/flows/hand-over/switch-hand-over.ts'],
  setPlan: ['src/flows/provisioning/change-plan.ts'],
  shredResource: ['src/flows/provisioning/deprovision.ts'],
}
const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** Never part of a deployment. */
const BESIDE_SRC = ['simulator', 'clients', 'clients/heroku-cli', 'local']
const NOT_FOR_SRC = ['securekey', 'heroku-addon-simulator']
const FOLDERS = [
  'src',
  'simulator/src',
  'simulator/aws',
  'clients/node/src',
  'clients/heroku-cli/src',
  'local',
]

const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true }),
)
  .filter((entry) => entry.isFile())
  .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'))
  .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
const sources = files.filter(({ path }) => path.endsWith('.ts'))

describe('the real source', () => {
  test('every folder stands in the table, and every folder of the table exists', () => {
    expect([...new Set(files.map(({ path }) => layerOf(path)))].sort()).toEqual(Object.keys(TABLE).sort())
  })

  test('is TypeScript wherever it is code, so that every import is read', () => {
    // What browsers are served is never loaded here, and imports nothing.
    const served = 'src/http/dashboard/assets/dashboard.js'
    expect(readSource(files.find(({ path }) => path === served)?.text ?? '').imports).toEqual([])
    const others = files.filter(({ path }) => path !== served)
    expect(others.filter(({ path }) => /\.(js|mjs|cjs|jsx|tsx|mts|cts)$/.test(path))).toEqual([])
  })

  test('imports only what the table allows', () => {
    expect(sources.flatMap(({ path, text }) => forbiddenImports(path, text))).toEqual([])
  })

  test('takes the clock, chance and the environment only where they are wired', () => {
    expect(sources.flatMap(({ path, text }) => forbiddenAmbient(path, text))).toEqual([])
  })

  test('changes a resource only under its lock, which a worker sees, or under a claim', () => {
    const users = Object.keys(CHANGES_A_RESOURCE).map((verb) => {
      const files = sources.filter(({ text }) => {
        const stored = readSource(text).imports.filter(({ specifier }) => isOfStore(specifier))
        return stored.some(({ names }) => names.includes(verb))
      })
      return [verb, files.map(({ path }) => path).toSorted()]
    })
    expect(Object.fromEntries(users)).toEqual(CHANGES_A_RESOURCE)
    // The compared numbers: without them, what a worker has read would overwrite what somebody changed since.
    const keysets = files.find(({ path }) => path === 'src/store/keysets.ts')?.text
    expect(keysets).toContain('k.fence = v.fence and k.revision = v.revision')
    // The one table that workers decide on, by its other writers: claims, and numbers for the history.
    const writers = sources.filter(({ text }) =>
      /\bupdate keysets|(update|insert)\w*\('keysets'\)/i.test(text),
    )
    expect(writers.map(({ path }) => path).toSorted()).toEqual([
      'src/store/claims.ts',
      'src/store/history.ts',
      'src/store/keysets.ts',
    ])
  })

  test('has no import cycle', () => {
    expect(importCycle(sources)).toEqual([])
  })

  test(`has no file of more than ${LONGEST_FILE_LINES} lines`, () => {
    const long = files.map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
    expect(long.filter(({ lines }) => lines > LONGEST_FILE_LINES)).toEqual([])
  })
})

describe('a forbidden edge is reported', () => {
  test.each([
    ['src/domain/plan.ts', "import { sql } from 'kysely'"],
    ['src/domain/plan.ts', "import { randomBytes } from 'node:crypto'"],
    ['src/domain/plan.ts', "import crypto from 'node:crypto'"],
    ['src/domain/calendar.ts', "import { Temporal } from 'temporal-polyfill'"],
    ['src/domain/plan.ts', "import type { Db } from '../store/database.ts'"],
    ['src/store/resources.ts', "import { seal } from '../sealing/envelope.ts'"],
    ['src/sealing/envelope.ts', "export * from '../heroku/platform.ts'"],
    ['src/heroku/platform.ts', "export { type Db } from '../store/database.ts'"],
    ['src/kms/create-kms.ts', "import { EC2Client } from '@aws-sdk/client-ec2'"],
    [
      'src/flows/private-link/look.ts',
      "import { createEndpointServices } from '../../privatelink/create-endpoint-services.ts'",
    ],
    ['src/flows/provision.ts', "import { seal } from '../sealing/envelope.ts'"],
    ['src/flows/provision.ts', "import { type Seal, seal } from '../sealing/envelope.ts'"],
    ['src/flows/provision.ts', "const { seal } = await import('../sealing/envelope.ts')"],
    ['src/flows/provision.ts', "import 'undici'"],
    ['src/http/partner/provision.ts', "import type { Schema } from '../../store/schema.ts'"],
    ['src/http/partner/provision.ts', "type Db = import('../../store/database.ts').Db"],
    ['src/worker/loop.ts', "import { openDatabase } from '../store/database.ts'"],
    ['src/logger.ts', "import { config } from './config.ts'"],
    ['src/clock.ts', "import { readFile } from 'node:fs/promises'"],
    ['src/store/resources.ts', "import manifest from '../../addon-manifest.json' with { type: 'json' }"],
    ['src/store/resources.ts', 'const later = await import(name)'],
    ['src/store/resources.ts', "const fs = require('left-pad')"],
    ['src/bin/web.ts', "import { createSimulator } from '../../simulator/src/index.ts'"],
    ['src/bin/web.ts', "import { startLocalPostgres } from '../../local/postgres.ts'"],
    ['simulator/src/bin.ts', "import { readConfig } from '../../src/config.ts'"],
    ['simulator/src/bin.ts', "import { runProcess } from '../../src/bin/run.ts'"],
    ['simulator/src/manifest.ts', "import manifest from '../../addon-manifest.json' with { type: 'json' }"],
    ['simulator/src/server.ts', "import { pino } from 'pino'"],
    ['src/bin/web.ts', "import { keyring } from '../../clients/node/src/index.ts'"],
    ['src/bin/web.ts', "import { keyring } from 'securekey'"],
    ['simulator/src/bin.ts', "import { keyring } from 'securekey'"],
    ['clients/node/src/token.ts', "import { fingerprint } from '../../../src/domain/fingerprint.ts'"],
    ['clients/node/src/token.ts', "import { createSimulator } from '../../../simulator/src/index.ts'"],
    ['clients/node/src/token.ts', "import { jwtVerify } from 'jose'"],
    ['clients/node/src/token.ts', "import { readFileSync } from 'node:fs'"],
    ['clients/node/src/token.ts', "import { cleanText } from '../../heroku-cli/src/words/clean.ts'"],
    ['clients/heroku-cli/src/words/clean.ts', "import { writeFileSync } from 'node:fs'"],
    ['clients/heroku-cli/src/words/clean.ts', "import { keyring } from '../../../node/src/index.ts'"],
    ['local/stack.ts', "import type { Db } from '../src/store/database.ts'"],
    ['local/stack.ts', "import { compose } from '../src/bin/compose.ts'"],
    ['local/stack.ts', "import { createSimulator } from '../simulator/src/simulator.ts'"],
    ['local/stack.ts', "import { sql } from 'kysely'"],
    ['local/stack.ts', 'const later = await import(name)'],
  ])('%s: %s', (path, text) => {
    expect(forbiddenImports(path, `const before = 1\n${text}`)).toEqual([
      expect.stringContaining(`${path}:2`),
    ])
  })
})

describe('an allowed edge is not reported', () => {
  test.each([
    ['src/domain/plan.ts', "import { createHash } from 'node:crypto'"],
    ['src/domain/zoned.ts', "import { Temporal } from 'temporal-polyfill'"],
    ['src/flows/provision.ts', "import type { Sealing } from '../sealing/sealing.ts'"],
    ['src/flows/provision.ts', "import { type Platform } from '../heroku/platform.ts'"],
    ['src/store/migrations.ts', "import { Migrator } from 'kysely/migration'"],
    ['src/http/app.ts', "import basicAuth from '@fastify/basic-auth'"],
    ['src/http/partner/provision.ts', "import { errors } from '../errors.ts'"],
    ['src/config.ts', "import manifest from '../addon-manifest.json' with { type: 'json' }"],
    ['src/bin/web.ts', "import { plan } from '../domain/plan.ts'\nimport 'anything'"],
    ['src/domain/plan.ts', "// import 'kysely'\nconst text = `import 'pg'`"],
    ['simulator/src/endpoints/app.ts', "import { createApp } from '../apps.ts'"],
    ['clients/node/src/verify.ts', "import { readToken } from './token.ts'"],
    ['local/stack.ts', "import { createSimulator } from '../simulator/src/index.ts'"],
    ['local/stack.ts', "import { observeService } from '../src/bin/observe.ts'"],
  ])('%s: %s', (path, text) => {
    expect(forbiddenImports(path, text)).toEqual([])
  })
})

describe('the clock, chance and the environment', () => {
  test.each([
    'Date.now()',
    'new Date()',
    'Date()',
    'const now = Date.now',
    'Math.random()',
    'process.env.PORT',
    'globalThis.process.env',
    "process['env']",
    'const { env } = process',
    'performance.now()',
    'Temporal.Now.instant()',
  ])('%s is reported', (text) => {
    expect(forbiddenAmbient('src/flows/provision.ts', text)).toEqual([
      expect.stringContaining('src/flows/provision.ts:1'),
    ])
    expect(forbiddenAmbient('src/bin/web.ts', text)).toEqual([])
  })

  test.each(['new Date(now)', 'Date.parse(text)', 'clock.now()', 'const text = "Date.now()"', 'deps.env'])(
    '%s is not reported',
    (text) => {
      expect(forbiddenAmbient('src/flows/provision.ts', text)).toEqual([])
    },
  )
})

test('an import cycle is reported', () => {
  const cycle = [
    { path: 'flows/a.ts', text: "import { b } from './b.ts'" },
    { path: 'flows/b.ts', text: "import '../domain/c.ts'" },
    { path: 'domain/c.ts', text: "import type { A } from '../flows/a.ts'" },
  ]
  expect(importCycle(cycle)).toEqual(['flows/a.ts', 'flows/b.ts', 'domain/c.ts', 'flows/a.ts'])
})

/** From another layer or within the store itself. */
function isOfStore(specifier: string): boolean {
  return specifier.includes('/store/') || specifier.startsWith('./')
}

function forbiddenImports(path: string, text: string): string[] {
  return readSource(text)
    .imports.filter(({ specifier, typeOnly, names }) => !isAllowed(path, specifier, typeOnly, names))
    .map(({ specifier, line }) => `${path}:${line} may not import ${specifier}`)
}

function isAllowed(path: string, specifier: string, typeOnly: boolean, names: string[]): boolean {
  const rule = TABLE[layerOf(path)]
  if (!rule) return false
  if (specifier.startsWith('.')) {
    const target = resolve(path, specifier)
    const layer = layerOf(target)
    if (rule.files?.includes(target) || (rule.anything && !BESIDE_SRC.includes(layer))) return true
    const allowed = [layerOf(path), ...(rule.folders ?? []), ...(typeOnly ? (rule.typesOf ?? []) : [])]
    return allowed.includes(layer)
  }
  // bin wires the service; what customers install, and what only development needs, is no part of it.
  if (NOT_FOR_SRC.includes(packageOf(specifier)) && path.startsWith('src/')) return false
  if (rule.anything || (specifier === '?' && rule.computed?.includes(path))) return true
  const name = packageOf(specifier)
  if (rule.onlyIn?.[name]?.includes(path)) return true
  const only = rule.onlyNames?.[name]
  if (only && (names.length === 0 || names.some((each) => !only.includes(each)))) return false
  return (rule.packages ?? []).some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  )
}

function forbiddenAmbient(path: string, text: string): string[] {
  const ambient = TABLE[layerOf(path)]?.ambient
  if (ambient === true || ambient?.includes(path)) return []
  return readSource(text).ambient.map(({ what, line }) => `${path}:${line} may not use ${what}`)
}

/** The first cycle found, as the list of its files; type imports count, because readers follow them too. */
function importCycle(all: { path: string; text: string }[]): string[] {
  const edges = new Map(
    all.map(({ path, text }) => {
      const local = readSource(text).imports.filter(({ specifier }) => specifier.startsWith('.'))
      return [path, local.map(({ specifier }) => resolve(path, specifier))]
    }),
  )
  const done = new Set<string>()
  const search = (path: string, trail: string[]): string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path]
    if (done.has(path)) return []
    for (const next of edges.get(path) ?? []) {
      const cycle = search(next, [...trail, path])
      if (cycle.length > 0) return cycle
    }
    done.add(path)
    return []
  }
  for (const path of edges.keys()) {
    const cycle = search(path, [])
    if (cycle.length > 0) return cycle
  }
  return []
}

/** `src/flows/provision.ts` is of the layer flows, `local/start.ts` of local; a file at the top of src is a layer by itself. */
function layerOf(path: string): string {
  const [top = path, inside = ''] = path.split('/')
  if (top === 'clients' && inside === 'heroku-cli') return 'clients/heroku-cli'
  return top === 'src' ? inside : top
}

/** A relative import as a path from the top of the repository. */
function resolve(path: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(path), specifier))
}

/** `kysely/migration` -> kysely, `@fastify/cookie/x` -> @fastify/cookie; node core keeps its whole name. */
function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
