import { randomBytes } from 'node:crypto'
import { parseEnv } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { check } from '../../../clients/node/src/check.ts'
import { keyring } from '../../../clients/node/src/index.ts'
import { answers, keysOf, listening, type Respond, says, TOKEN } from './support/live.ts'
import { DAY, entry, HOUR, keyringBody, keyText, kidOf, PAIR, ROTATED } from './support/rings.ts'

const server = listening()
afterEach(server.reset)

const told = JSON.stringify(
  keyringBody({ keys: [entry.next(6), entry.sign(5), entry.verify(4), entry.further(3, ROTATED + DAY)] }),
)
const run = (env: Record<string, string>, ...args: string[]) =>
  check(args.length > 0 ? args : ['check'], env, () => ROTATED + HOUR, randomBytes)

test('shows the kids in their order with use, version and end, and ends with 0 if all is well', async () => {
  expect(await run({ SECURE_KEY: PAIR, SECURE_KEYRING: told })).toEqual({
    out: `The keys of SECURE_KEY, newest first:
  kid       use     version  until
  ${kidOf(6)}  next    6        -
  ${kidOf(5)}  sign    5        -
  ${kidOf(4)}  verify  4        2026-03-17T12:00:00.000Z
  ${kidOf(3)}  verify  3        2026-03-04T12:00:00.000Z
A signature is good for 604800 seconds at least.
Published at 2026-03-03T12:00:00.000Z (scheduled).
Next rotation at 2026-03-17T12:00:00.000Z.
`,
    err: '',
    code: 0,
  })
})

test('ends with 1 if the keys are good and the keyring is ignored, and says why', async () => {
  expect(await run({ SECURE_KEY: PAIR })).toEqual({
    out: `The keys of SECURE_KEY, newest first:
  kid       use     version  until
  ${kidOf(5)}  sign    -        -
  ${kidOf(4)}  verify  -        -
A signature is good for 43200 seconds at least.
`,
    err: 'SECURE_KEYRING is ignored (keyring-missing); the app goes on with the two keys of SECURE_KEY\n',
    code: 1,
  })
})

test.each<[string, Record<string, string>, string]>([
  ['missing', {}, 'SECURE_KEY is not set (missing)\n'],
  ['bad-key', { SECURE_KEY: `${PAIR} ` }, 'Key 2 of SECURE_KEY is not 64 digits 0-9A-F (bad-key)\n'],
])('ends with 2 if an app would not start: %s', async (_, env, err) => {
  expect(await run(env)).toEqual({ out: '', err, code: 2 })
})

test('checks a variable of another name', async () => {
  const env = { SERVICE_ONE_SECURE_KEY: PAIR, SERVICE_ONE_SECURE_KEYRING: told }
  expect(await run(env, 'check', 'SERVICE_ONE_SECURE_KEY')).toMatchObject({ code: 0, err: '' })
  expect(await run(env, 'check', 'service-one')).toMatchObject({
    code: 2,
    err: expect.stringContaining('not the name of a config var'),
  })
})

describe('explains itself', () => {
  test.each([[['--help']], [['-h']], [['check', '--help']], [['check', '-h']]])(
    'when asked by %j, and ends with 0',
    async (args) => {
      const help = { out: expect.stringContaining('securekey check'), err: '', code: 0 }
      expect(await run({}, ...args)).toMatchObject(help)
    },
  )

  test.each([
    [['chek']],
    [['check', 'A', 'B']],
    [['check', '--var=A']],
    [[keyText(5)]],
    [['check', keyText(5)]],
  ])('when asked wrongly, and ends with 2: %j', async (args) => {
    const { out, err, code } = await check(args, {}, () => 0, randomBytes)
    expect([out, code]).toEqual(['', 2])
    expect(err).toContain('securekey check [VARIABLE]')
    expect(err).not.toContain(keyText(5))
  })

  test('when asked for nothing, and ends with 2', async () => {
    expect(await check([], {}, () => 0, randomBytes)).toMatchObject({
      code: 2,
      err: expect.stringContaining('securekey check'),
    })
  })
})

describe('securekey new', () => {
  test.each([['SECURE_KEY'], ['SERVICE_ONE_SECURE_KEY']])(
    'prints lines of a .env file with which an app starts and nothing is ignored: %s',
    async (variable) => {
      const { out, err, code } = await run({}, 'new', variable)
      expect([err, code]).toEqual(['', 0])
      const env = Object.fromEntries(
        Object.entries(parseEnv(out)).map(([name, value]) => [name, value ?? '']),
      )
      expect(Object.keys(env)).toEqual([variable, `${variable}RING`])
      expect(await run(env, 'check', variable)).toMatchObject({ err: '', code: 0 })
      expect(keyring({ var: variable, env }).ironSession({ cookieName: 'visit' }).ttl).toBe(604_800)
    },
  )

  test('prints other keys each time', async () => {
    expect((await run({}, 'new')).out).not.toBe((await run({}, 'new')).out)
  })

  test.each([[['new', 'A', 'B']], [['new', keyText(5)]], [['new', 'a b']]])(
    'is explained: %j',
    async (args) => {
      expect(await run({}, ...args)).toMatchObject({ out: '', code: 2 })
    },
  )
})

describe('the live pick-up', () => {
  const keys = { SECURE_KEY: PAIR, SECURE_KEYRING: told }
  const env = () => ({ ...keys, SECURE_KEY_URL: server.url(), SECURE_KEY_TOKEN: TOKEN })

  test('is asked once if a variable of it is set, and said to work', async () => {
    server.will(answers(keysOf(6)))
    const result = await run(env())
    expect(result).toMatchObject({ err: '', code: 0 })
    expect(result.out).toContain(`\nThe service answers: ${kidOf(6)} signs.\n`)
    expect(server.requests).toHaveLength(1)
  })

  test.each<[string, Respond, string]>([
    ['the token', says(401), 'The service refuses the token (unauthenticated).\n'],
    ['the answer', answers('{'), 'The service did not bring the keys (unreadable).\n'],
    ['the server', says(500), 'The service did not bring the keys (server-error).\n'],
  ])('ends with 1 where %s is wrong', async (_, respond, err) => {
    server.will(respond)
    expect(await run(env())).toMatchObject({ err, code: 1 })
  })

  test.each([
    ['SECURE_KEY_TOKEN is not set (missing)\n', { SECURE_KEY_TOKEN: '' }],
    ['SECURE_KEY_URL is not set (missing)\n', { SECURE_KEY_URL: '' }],
    ['SECURE_KEY_TOKEN is not a token of the add-on (bad-token)\n', { SECURE_KEY_TOKEN: keyText(5) }],
    ['SECURE_KEY_URL is not of the form https://host/v1 (bad-url)\n', { SECURE_KEY_URL: 'http://x/v1' }],
  ])('ends with 2 where an app would not start: %j', async (err, change) => {
    expect(await run({ ...env(), ...change })).toEqual({ out: '', err, code: 2 })
  })
})

test('no key of the environment is printed, whatever is asked', async () => {
  const asked = await Promise.all([
    run({ SECURE_KEY: PAIR, SECURE_KEYRING: told }),
    run({ SECURE_KEY: `${PAIR},` }),
    run({ SECURE_KEY: PAIR, SECURE_KEYRING: keyText(3) }),
    run({ SECURE_KEY: PAIR }, 'check', PAIR),
    run({ SECURE_KEY: PAIR }, 'check', keyText(5)),
  ])
  for (const result of asked) expect(JSON.stringify(result)).not.toMatch(/[0-9A-F]{20}/)
})
