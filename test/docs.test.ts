import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const LONGEST_README_LINES = 140

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

const documents = [
  ...readdirSync(ROOT),
  ...['docs', 'bench', 'clients', '.github'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  ),
].filter((path) => path.endsWith('.md') && !path.includes('node_modules'))

test(`the README has at most ${LONGEST_README_LINES} lines`, () => {
  expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(LONGEST_README_LINES)
})

test('every link between documents leads to a file, and to a heading that it has', () => {
  const broken = documents.flatMap((path) =>
    [...read(path).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !/^[a-z]+:/.test(link) && !leadsSomewhere(path, link))
      .map((link) => `${path}: ${link}`),
  )
  expect(broken).toEqual([])
})

test('no document holds the marks of a merge that nobody has finished', () => {
  const marked = documents.filter((path) => /^(?:<{7} |={7}$|>{7} )/m.test(read(path)))
  expect(marked).toEqual([])
})

test('no section of a document is empty, and no page has two sections of one name', () => {
  const faults = documents.flatMap((path) => {
    // What stands in a block of code is no heading.
    const lines = read(path)
      .replace(/^```[\s\S]*?^```$/gm, 'code')
      .split('\n')
      .filter((line) => line.trim() !== '')
    const sections = lines.filter((line) => line.startsWith('## '))
    const twice = sections.filter(
      (line, index) => path !== 'CHANGELOG.md' && sections.indexOf(line) !== index,
    )
    const empty = lines.filter((line, index) => /^#+ /.test(line) && isAtEnd(line, lines[index + 1]))
    return [...twice, ...empty].map((heading) => `${path}: ${heading}`)
  })
  expect(faults).toEqual([])
})

/** Whether the section of a heading ends with it: nothing follows, or a heading that is not below it. */
function isAtEnd(heading: string, next: string | undefined): boolean {
  if (next === undefined) return true
  const depth = /^(#+) /.exec(next)?.[1]?.length
  return depth !== undefined && depth <= heading.indexOf(' ')
}

test('every file that docs/heroku-map.md names exists', () => {
  const named = [...read('docs/heroku-map.md').matchAll(/`([^`\s]+)`/g)].map(([, path = '']) => path)
  const paths = named.filter((path) => path.includes('/') || path.endsWith('.json'))
  expect(paths.length).toBeGreaterThan(20)
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})

test('src/config.ts, .env.example and the table of docs/deploying.md name the same settings', () => {
  const inCode = [...read('src/config.ts').matchAll(/setting\('([A-Z_]+)'/g)].map(([, name]) => name)
  const inExample = [...read('.env.example').matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name)
  const rows = read('docs/deploying.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  const inTable = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name),
  )
  // The Postgres driver reads this one by itself.
  const all = [...inCode, 'PGSSLMODE'].toSorted()
  expect(inExample.toSorted()).toEqual(all)
  expect(inTable.toSorted()).toEqual(all)
})

/** How many requirements of levels 1 and 2 the sections of ASVS 5.0.0 have that docs/security.md goes through. */
const ASVS: Readonly<Record<string, number>> = {
  ...{ '6.1': 3, '6.2': 12, '6.3': 4, '6.4': 4, '6.5': 5, '6.6': 3, '6.8': 4 },
  ...{ '7.1': 3, '7.2': 4, '7.3': 2, '7.4': 5, '7.5': 2, '7.6': 2 },
  ...{ '11.1': 2, '11.2': 3, '11.3': 3, '11.4': 4, '11.5': 1, '11.6': 1 },
  ...{ '12.1': 3, '12.2': 2, '12.3': 4 },
  ...{ '13.1': 1, '13.2': 5, '13.3': 2, '13.4': 5 },
  ...{ '14.1': 2, '14.2': 4, '14.3': 3 },
  ...{ '16.1': 1, '16.2': 5, '16.3': 4, '16.4': 3, '16.5': 3 },
}

test('docs/rotation.md lists every state of health, the worst first', () => {
  const [, union = ''] =
    /export type HealthState =\n((?: {2}\| '.*'\n)+)/.exec(read('src/domain/health-state.ts')) ?? []
  const states = [...union.matchAll(/'([a-z-]+)'/g)].map(([, state]) => state)
  const [, section = ''] = /\n## Health\n(.*?)\n## /s.exec(read('docs/rotation.md')) ?? []
  const rows = section.split('\n').filter((line) => line.startsWith('| `'))
  const listed = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([a-z-]+)`/g)].map(([, state]) => state),
  )
  expect(states.length).toBeGreaterThan(10)
  expect(listed).toEqual(states)
})

test('docs/operating.md tells of each line of the log once, and of none that nothing writes', () => {
  const source = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(join('src', name)))
    .join('\n')
  const rows = read('docs/operating.md').matchAll(/^\| (`[^|]+) \| (?:info|warn|error|fatal)\b[^|]*\|/gm)
  const lines = [...rows].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`…]+)…?`/g)].map(([, line = '']) => line),
  )
  expect(lines.length).toBeGreaterThan(30)
  expect(lines.filter((line, index) => lines.indexOf(line) !== index)).toEqual([])
  expect(lines.filter((line) => !source.includes(line))).toEqual([])
})

test('docs/security.md answers every requirement of its chapters, and names tests that exist', () => {
  const rows = read('docs/security.md')
    .split('\n')
    .filter((line) => /^\| [0-9]/.test(line))
  const answered = new Set(rows.flatMap((row) => requirementsOf(row.split('|')[1] ?? '')))
  const wanted = Object.entries(ASVS).flatMap(([section, count]) =>
    Array.from({ length: count }, (_, index) => `${section}.${index + 1}`),
  )
  expect(wanted.filter((id) => !answered.has(id))).toEqual([])
  expect([...answered].filter((id) => !wanted.includes(id))).toEqual([])
  const tests = rows.flatMap((row) =>
    [...(row.split('|')[3] ?? '').matchAll(/`([^`]+)`/g)].map(([, path]) => path),
  )
  expect(tests.length).toBeGreaterThan(40)
  expect(tests.filter((path) => !existsSync(join(ROOT, 'test', path ?? '')))).toEqual([])
})

/** `6.2.1 to 6.2.3, 6.2.9 words` names four. */
function requirementsOf(cell: string): string[] {
  return [...cell.matchAll(/(\d+\.\d+)\.(\d+)(?: to \d+\.\d+\.(\d+))?/g)].flatMap(([, section, from, to]) =>
    Array.from(
      { length: Number(to ?? from) - Number(from) + 1 },
      (_, index) => `${section}.${Number(from) + index}`,
    ),
  )
}

function leadsSomewhere(from: string, link: string): boolean {
  const [path = '', heading] = link.split('#')
  const target = path === '' ? from : relative(ROOT, join(ROOT, dirname(from), path))
  if (!existsSync(join(ROOT, target))) return false
  return heading === undefined || headingsOf(target).includes(heading)
}

/** Headings as GitHub makes them into anchors. */
function headingsOf(path: string): string[] {
  return [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('every constant and file that the numbers of docs/rotation.md name is there', () => {
  const rows = read('docs/rotation.md')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').at(-2) ?? '')
  const places = rows.map((cell) => ({
    files: [...cell.matchAll(/`(src\/[\w./-]+)`/g)].map(([, file = '']) => file),
    names: [...cell.matchAll(/`([A-Z][A-Z_]{4,})`/g)].map(([, name = '']) => name),
  }))
  const named = places.filter(({ files, names }) => files.length > 0 && names.length > 0)
  expect(named.length).toBeGreaterThan(20)
  for (const { files, names } of named) {
    const text = files.map(read).join()
    expect(names.filter((name) => !text.includes(name))).toEqual([])
  }
})
