import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { keyring } from '../../../clients/node/src/index.ts'
import { createAddon } from './support/published.ts'

const README = readFileSync(new URL('../../../clients/node/README.md', import.meta.url), 'utf8')

test('the page of the package names every method of a ring, and no other', () => {
  const { value } = createAddon().provision()
  const methods = Object.entries(keyring({ value })).flatMap(([name, method]) =>
    typeof method === 'function' ? [name] : [],
  )
  const named = [...README.matchAll(/\bkeys\.(\w+)\(/g)].map(([, name]) => name ?? '')
  expect(methods.filter((name) => !README.includes(`${name}(`))).toEqual([])
  expect(named.filter((name) => !methods.includes(name))).toEqual([])
})
