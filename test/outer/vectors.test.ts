import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { isMissing, PERL, runTool } from './support/toolchain.ts'

const VECTORS = readFileSync(
  fileURLToPath(new URL('../../clients/vectors/securekey-vectors.json', import.meta.url)),
  'utf8',
)
const READER = fileURLToPath(new URL('support/vectors.pl', import.meta.url))

type Line = { list: string; name: string; found: string | undefined }
type Entry = { name: string; token?: unknown }

describe.skipIf(isMissing(PERL))('a reader in Perl, written from the two pages alone', () => {
  const lists: Record<string, Entry[]> = JSON.parse(VECTORS)
  let lines: Line[] = []
  beforeAll(() => {
    const printed = runTool(PERL, [READER], { input: VECTORS })
    lines = printed
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [list = '', name = '', found] = line.split('\t')
        return { list, name, found }
      })
  })

  test.each(['keys', 'values', 'derived', 'signed', 'tokens'])('agrees with every entry of %s', (list) => {
    const of = lines.filter((line) => line.list === list)
    expect(of.filter(({ found }) => found !== undefined)).toEqual([])
    // It signs nothing of its own: it makes again what is a token.
    const entries = lists[list]?.filter(({ token }) => list !== 'signed' || token !== undefined) ?? []
    expect(of.map(({ name }) => name)).toEqual(entries.map(({ name }) => name))
  })
})
