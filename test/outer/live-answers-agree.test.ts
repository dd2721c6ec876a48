import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { check } from '../../clients/node/src/check.ts'
import { FAILURES } from '../clients/node/support/lies.ts'
import { answers, keysOf, type Respond, says, TOKEN } from '../clients/node/support/live.ts'
import { keyringBody, PAIR } from '../clients/node/support/rings.ts'
import { RUBY_CLIENT } from './support/minitest.ts'
import { CLIENT_PYTHON } from './support/python-tests.ts'
import { isMissing, RUBY } from './support/toolchain.ts'

const LIMIT_MS = 120_000
const PYTHON_SOURCE = fileURLToPath(new URL('../../clients/python/src', import.meta.url))
/** The programs of the libraries, each over all environments of a list, in one process. */
const PROGRAMS = {
  ruby: `require 'json'; require 'securekey'; require 'securekey/check'
puts JSON.generate(JSON.parse($stdin.read).map { |env| r = Securekey::Check.run(['check'], env); [r.code, r.err] })`,
  python: `import json, sys
from securekey._check import check
print(json.dumps([[code, err] for _, err, code in (check(["check"], env) for env in json.load(sys.stdin))]))`,
}

const CASES: [string, string | undefined, Respond][] = [
  ...FAILURES,
  ['a 401', 'unauthenticated', says(401)],
  ['a 410', 'resource-gone', says(410)],
  ['newer keys', undefined, answers(keysOf(6))],
  [
    'revoked keys',
    undefined,
    answers(
      { type: 'urn:securekey:problem:keys-revoked' },
      { 'content-type': 'application/problem+json' },
      503,
    ),
  ],
]

const server = createServer((request, response) => {
  const [, , respond] = CASES[Number(request.url?.split('/')[1])] ?? []
  respond?.(request, response)
})
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
afterAll(() => {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(resolve))
})

/** The environment of an app whose service does what the case says. */
const environments = () =>
  CASES.map((_, index) => ({
    SECURE_KEY: PAIR,
    SECURE_KEYRING: JSON.stringify(keyringBody()),
    SECURE_KEY_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${index}/v1`,
    SECURE_KEY_TOKEN: TOKEN,
  }))

/** By case: how the program ended, and the last word of what it said was wrong. */
function verdicts(results: readonly (readonly [number, string])[]) {
  return CASES.map(([name], index) => {
    const [code, err = ''] = results[index] ?? []
    return [name, code, /([a-z-]+)\)?\.\n$/.exec(err)?.[1]]
  })
}

const EXPECTED = CASES.map(([name, word]) => [name, word === undefined ? 0 : 1, word])

test('Node calls what a service does wrong by the word that the rules have for it', async () => {
  const results = []
  for (const env of environments()) {
    const { code, err } = await check(['check'], env, Date.now, randomBytes)
    results.push([code, err] as const)
  }
  expect(verdicts(results)).toEqual(EXPECTED)
})

test.skipIf(isMissing(RUBY))('so does Ruby', { timeout: LIMIT_MS }, async () => {
  expect(verdicts(await run('ruby', ['-I', `${RUBY_CLIENT}lib`, '-e', PROGRAMS.ruby]))).toEqual(EXPECTED)
})

test.skipIf(isMissing(CLIENT_PYTHON))('so does Python', { timeout: LIMIT_MS }, async () => {
  const args = ['-B', '-c', PROGRAMS.python]
  expect(verdicts(await run(CLIENT_PYTHON.program, args))).toEqual(EXPECTED)
})

async function run(program: string, args: string[]): Promise<[number, string][]> {
  const env = { PATH: process.env.PATH, PYTHONPATH: PYTHON_SOURCE, LC_ALL: 'C.UTF-8' }
  const running = promisify(execFile)(program, args, { env, timeout: LIMIT_MS })
  running.child.stdin?.end(JSON.stringify(environments()))
  return JSON.parse((await running).stdout)
}
