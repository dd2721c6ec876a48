import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import example from '../../../clients/examples/formation/package.json' with { type: 'json' }
import library from '../../../clients/node/package.json' with { type: 'json' }
import { procfileCommand } from '../../../local/procfile.ts'
import ours from '../../../package.json' with { type: 'json' }
import { readSource } from '../../support/source-file.ts'

const FOLDER = fileURLToPath(new URL('../../../clients/examples/formation/', import.meta.url))
const read = (name: string) => readFileSync(FOLDER + name, 'utf8')
const programs = readdirSync(FOLDER).filter((name) => name.endsWith('.js'))

test('the example is whole when it is copied: it imports its own files and the packages that it names', () => {
  const allowed = [...Object.keys(example.dependencies), ...programs.map((name) => `./${name}`)]
  const imported = programs.flatMap((name) =>
    readSource(read(name)).imports.map(({ specifier }) => specifier),
  )
  expect(imported.toSorted()).toEqual(expect.arrayContaining(['cookie-session', 'express', 'securekey']))
  expect(imported.filter((specifier) => !allowed.includes(specifier))).toEqual([])
})

test('the packages of the example are those that are run here', () => {
  const { 'cookie-session': session, express } = ours.devDependencies
  expect(example.dependencies).toEqual({
    'cookie-session': session,
    express,
    securekey: `^${library.version}`,
  })
})

test('the app by hand has the very line that README shows', () => {
  const line = "keys: process.env.SECURE_KEY.split(',')"
  expect(readFileSync(new URL('../../../README.md', import.meta.url), 'utf8')).toContain(`\`${line}\``)
  expect(read('by-hand.js')).toContain(line)
})

test('Heroku starts the same program as npm start', () => {
  expect(procfileCommand(read('Procfile'), 'web').args).toEqual(['web.js'])
  expect(example.scripts.start).toBe('node web.js')
})
