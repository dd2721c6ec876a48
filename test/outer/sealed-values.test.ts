import { spawnSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { SealedColumn } from '../../src/sealing/sealing.ts'
import { listWrappedDeks } from '../../src/store/wrapped-deks.ts'
import { type HarnessWithAddon, keysOn, startWithAddon } from '../support/addon.ts'
import { DAY, SEALING_KEY } from '../support/harness.ts'
import { removeFolder } from '../support/remove-folder.ts'

/** The query and the script of docs/sealed-values.md, as somebody copies them who has a dump and no service. */
const PAGE = readFileSync(fileURLToPath(new URL('../../docs/sealed-values.md', import.meta.url)), 'utf8')
const ID_IN_QUERY = "'01234567-89ab-cdef-0123-456789abcdef'"
const RUN_LIMIT_MS = 60_000
const folder = mkdtempSync(join(tmpdir(), 'securekey-sealed-'))
const script = join(folder, 'open.rb')
beforeAll(() => writeFileSync(script, blockOf('ruby')))
afterAll(() => removeFolder(folder))

function blockOf(language: string): string {
  const blocks = [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))]
  expect(blocks, `docs/sealed-values.md has one block of ${language}`).toHaveLength(1)
  return blocks[0]?.[1] ?? ''
}

/** The values of a row in their order, as texts of a dump. */
type DumpedRow = [
  id: string,
  kekId: string,
  wrappedDek: string,
  column: string,
  version: string,
  sealed: string,
]

async function dumped(h: HarnessWithAddon, query: string): Promise<DumpedRow[]> {
  const client = new pg.Client({ connectionString: h.databaseUrl })
  onTestFinished(() => client.end())
  await client.connect()
  const { rows } = await client.query({ text: query, rowMode: 'array' })
  return rows.map((row) => row.map(String) as DumpedRow)
}

const rowsOf = (h: HarnessWithAddon) => {
  expect(blockOf('sql')).toContain(ID_IN_QUERY)
  return dumped(h, blockOf('sql').replace(ID_IN_QUERY, `'${h.addon.id}'`))
}

/** What the script makes of a row. */
function opened(row: DumpedRow, sealingKeys = SEALING_KEY) {
  const { status, stdout, stderr, error } = spawnSync('ruby', [script, ...row], {
    env: { ...process.env, SEALING_KEYS: sealingKeys },
    encoding: 'utf8',
    timeout: RUN_LIMIT_MS,
  })
  if (error) throw error
  return { status, stdout, stderr }
}
const printed = (line: string) => ({ status: 0, stdout: `${line}\n`, stderr: '' })

const hasRuby = process.env.REQUIRE_TOOLS === '1' || spawnSync('ruby', ['--version']).status === 0
// With REQUIRE_TOOLS=1 a missing Ruby fails these tests instead of being a reason to skip them.
if (!hasRuby) test.skip('the script of docs/sealed-values.md is not run: ruby is not installed', () => {})

describe.runIf(hasRuby)('the script of docs/sealed-values.md', () => {
  test('opens the keys that Heroku got, from nothing but their rows and the sealing key', async () => {
    const h = await startWithAddon()
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    const { first, second } = keysOn(h)
    expect((await rowsOf(h)).map((row) => opened(row))).toEqual([printed(first), printed(second)])
  })

  test('finds the sealing key by its id among several, and knows base64 for addresses too', async () => {
    const bytes = Buffer.alloc(32, 0xff)
    const ours = { SEALING_KEYS: `k2:${bytes.toString('base64')}` }
    const h = await startWithAddon({ env: ours })
    const [row] = await rowsOf(h)
    if (!row) throw new Error('there is no row')
    expect(opened(row, `${SEALING_KEY}, k2:${bytes.toString('base64url')}`)).toEqual(printed(keysOn(h).first))
    expect(opened(row, SEALING_KEY)).toMatchObject({ status: 1, stdout: '' })
  })

  test('opens the tokens, as the service does', async () => {
    const h = await startWithAddon()
    const [listed] = await listWrappedDeks(h.deps.db, { limit: 1 })
    if (!listed) throw new Error('there is no resource')
    const sealer = await h.deps.sealing.forResource(h.addon.id, listed.dek)
    for (const column of ['sealed_access_token', 'sealed_refresh_token'] satisfies SealedColumn[]) {
      const query = `select r.id, r.kek_id, encode(r.wrapped_dek, 'hex'), '${column}', 0, encode(t.${column}, 'hex')
                       from resources r join oauth_tokens t on t.resource_id = r.id`
      const [row] = await dumped(h, query)
      if (!row) throw new Error('there are no tokens')
      expect(opened(row)).toEqual(printed(sealer.open(column, Buffer.from(row[5], 'hex'))))
    }
  })

  test('opens no value that was altered or stands in another place, and prints nothing of it', async () => {
    const h = await startWithAddon()
    const [row] = await rowsOf(h)
    if (!row) throw new Error('there is no row')
    const [id, kekId, wrappedDek, column, version, sealed] = row
    const otherEnd = sealed.endsWith('00') ? '01' : '00'
    const altered: Record<string, DumpedRow> = {
      'another version': [id, kekId, wrappedDek, column, '3', sealed],
      'another column': [id, kekId, wrappedDek, 'sealed_code', version, sealed],
      'another resource': [
        id.replace(/^./, (first) => (first === '0' ? '1' : '0')),
        kekId,
        wrappedDek,
        column,
        version,
        sealed,
      ],
      'another last byte': [id, kekId, wrappedDek, column, version, sealed.slice(0, -2) + otherEnd],
      'another format': [id, kekId, wrappedDek, column, version, `02${sealed.slice(2)}`],
      'cut short': [id, kekId, wrappedDek, column, version, sealed.slice(0, 56)],
      'no data key': [id, kekId, sealed, column, version, sealed],
    }
    for (const [what, changed] of Object.entries(altered)) {
      const { status, stdout, stderr } = opened(changed)
      expect({ status, stdout }, what).toEqual({ status: 1, stdout: '' })
      expect(stderr, what).not.toContain(keysOn(h).first)
    }
  })
})

test('a key takes 61 bytes as docs/sealed-values.md has it, and its digest is that of its text', async () => {
  const h = await startWithAddon()
  const rows = await rowsOf(h)
  expect(rows.map(([, , , , version]) => version)).toEqual(['2', '1'])
  for (const [, , wrappedDek, , , sealed] of rows) {
    for (const hex of [wrappedDek, sealed]) {
      expect(hex).toMatch(/^01/)
      expect(hex).toHaveLength(2 * (1 + 12 + 32 + 16))
    }
  }
  const { first, second } = keysOn(h)
  const stored = await h.deps.db
    .selectFrom('sealed_keys')
    .select('digest')
    .orderBy('version', 'desc')
    .execute()
  expect(stored.map(({ digest }) => digest.toString('hex'))).toEqual([
    hash('sha256', first),
    hash('sha256', second),
  ])
})

test('docs/sealed-values.md has a row for every column that is sealed', async () => {
  const h = await startWithAddon()
  const client = new pg.Client({ connectionString: h.databaseUrl })
  onTestFinished(() => client.end())
  await client.connect()
  const { rows } = await client.query<{ name: string }>(`
    select table_name || '.' || column_name as name from information_schema.columns
     where table_schema = 'public' and data_type = 'bytea' and column_name !~ 'digest|^mac$|check_value'`)
  const inPage = [...PAGE.matchAll(/^\| `([a-z_]+\.[a-z_]+)` \|/gm)].map(([, name]) => name)
  expect(inPage.toSorted()).toEqual(rows.map(({ name }) => name).toSorted())
})
