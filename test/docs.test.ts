import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const LONGEST_README_LINES = 140

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

const documents = [
  ...readdirSync(ROOT),
  ...['docs', 'bench', '.github'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  ),
].filter((path) => path.endsWith('.md'))

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
