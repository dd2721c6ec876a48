import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Block, blocksOf, customerPages } from './support/page-blocks.ts'
import { NODE_APPS, OTHER_RUNS, PACKAGE_PAGES, PYTHON_APPS, RUBY_APPS } from './support/runs.ts'

const ROOT = new URL('../../../', import.meta.url)
const pages = customerPages()

/** What stands in a terminal: a command that is not ours to run here, and what it prints. */
const COMMAND = /^(heroku|aws|npm|npx|gem|bundle|pip|python -m securekey) /
/** Shown, not run: the form of a thing, where the text says so. */
const FORMS: Readonly<Record<string, RegExp>> = {
  'clients/README.md': /^(\{"v":1|sk1\.)/,
  'docs/using/notices.md': /^app\[securekey\]: /,
  'clients/vectors/README.md': /^\{$/m,
}
const APP_LANGUAGES = { js: NODE_APPS, ruby: RUBY_APPS, python: PYTHON_APPS }

const runs = new Set(
  [
    ...Object.entries(APP_LANGUAGES).flatMap(([language, apps]) => apps.map((app) => ({ ...app, language }))),
    ...OTHER_RUNS,
  ].map(nameOf),
)

function nameOf({ page, heading, language }: Pick<Block, 'page' | 'heading' | 'language'>): string {
  return `${page}, ${heading}: ${language}`
}

function isCommand({ language, code }: Block): boolean {
  return (language === '' || language === 'sh') && COMMAND.test(code)
}

describe.each(pages)('%s', (page) => {
  test('has no block that is neither run, nor a command with its output', () => {
    const others = blocksOf(page)
      .filter((block) => !isCommand(block) && !FORMS[page]?.test(block.code))
      .filter(() => !(page in PACKAGE_PAGES))
      .filter((block) => !runs.has(nameOf(block)))
    expect(others.map(({ line, heading, language }) => `line ${line}, ${heading}: ${language}`)).toEqual([])
  })
})

test('every block that a test runs is there, once', () => {
  const there = pages.flatMap(blocksOf).map(nameOf)
  expect([...runs].filter((run) => there.filter((name) => name === run).length !== 1)).toEqual([])
})

test.each(Object.entries(PACKAGE_PAGES))('%s is followed by the test of its package', (page, file) => {
  expect(pages).toContain(page)
  expect(readFileSync(new URL(file, ROOT), 'utf8')).toContain('README.md')
})
