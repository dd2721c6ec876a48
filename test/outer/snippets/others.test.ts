import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { keyring } from '../../../clients/node/src/index.ts'
import { removeFolder } from '../../support/remove-folder.ts'
import { ELIXIR, GO, isMissing, PHP, runTool } from '../support/toolchain.ts'
import { stateNamed } from './support/lives-through-rotations.ts'
import { blockAt } from './support/page-blocks.ts'

const PAGE = 'docs/using/others.md'
/** A compiler on a machine that is busy takes its time. */
const LIMIT_MS = 120_000
const folder = mkdtempSync(join(tmpdir(), 'securekey-snippet-'))
afterAll(() => removeFolder(folder))

const [FRESH, ONCE, TWICE] = ['fresh', 'rotated once', 'rotated twice'].map(
  (name) => stateNamed(name).secure_key,
) as [string, string, string]
const REFUSED: [what: string, value: string][] = [
  ['empty', ''],
  ['a comma', ','],
  ['one key', ONCE.slice(0, 64)],
  ['two keys with a space', ONCE.replace(',', ', ')],
  ['four keys', `${ONCE},${ONCE}`],
  ['two keys and a line break', `${ONCE}\n`],
]

/** A file of these lines; returns its path. */
function fileOf(name: string, ...parts: string[]): string {
  const path = join(folder, name)
  writeFileSync(path, parts.join('\n'))
  return path
}

describe.skipIf(isMissing(PHP))('the recipe for Laravel', () => {
  const config = (key: string) => {
    fileOf('config.php', blockAt(PAGE, 'Laravel', 'php'))
    const path = fileOf('read.php', "<?php echo json_encode(require __DIR__ . '/config.php');")
    return runTool(PHP, [path], { env: { SECURE_KEY: key } })
  }
  const base64 = (key: string) => `base64:${Buffer.from(key, 'hex').toString('base64')}`

  test('encrypts with the 32 bytes of the first key, and keeps the second', () => {
    const [first = '', second = ''] = ONCE.split(',')
    expect(JSON.parse(config(ONCE))).toEqual({
      cipher: 'AES-256-CBC',
      key: base64(first),
      previous_keys: [base64(second)],
    })
  })

  test.each(REFUSED)('stops the app at its start when SECURE_KEY is %s', (_what, value) => {
    expect(() => config(value)).toThrow('SECURE_KEY must be two keys')
  })
})

describe.skipIf(isMissing(GO))('the recipe for Go', () => {
  const MAIN = `
func main() {
	all, err := codecs()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if len(os.Args) == 1 {
		made, _ := securecookie.EncodeMulti("login", "42", all...)
		fmt.Println(made)
		return
	}
	user := "nobody"
	_ = securecookie.DecodeMulti("login", os.Args[1], &user, all...)
	fmt.Println(user)
}`
  let built: string | undefined
  const build = (name: string, code: string) => {
    const source = fileOf(`${name}.go`, code, MAIN)
    const env = { GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOCACHE: join(folder, 'cache') }
    runTool({ ...GO, program: 'go-12' }, ['build', '-o', join(folder, name), source], {
      env,
      limitMs: LIMIT_MS,
    })
    return join(folder, name)
  }
  const runBuilt = (program: string, key: string, ...args: string[]) =>
    runTool({ ...GO, program }, args, { env: { SECURE_KEY: key } }).trim()
  const run = (key: string, ...args: string[]) => {
    built ??= build('main', blockAt(PAGE, 'Go', 'go'))
    return runBuilt(built, key, ...args)
  }

  test('a login outlives one rotation, and not two', { timeout: LIMIT_MS }, () => {
    const cookie = run(FRESH)
    expect([run(FRESH, cookie), run(ONCE, cookie), run(TWICE, cookie)]).toEqual(['42', '42', 'nobody'])
    expect(run(TWICE, run(ONCE))).toBe('42')
    const other = cookie[40] === 'A' ? 'B' : 'A'
    expect(run(FRESH, cookie.slice(0, 40) + other + cookie.slice(41))).toBe('nobody')
  })

  test('with the two keys as one pair, everybody is logged out at a rotation', { timeout: LIMIT_MS }, () => {
    const pair = 'pairs = append(pairs, derived(key, "cookie"))'
    const wrong = build('wrong', blockAt(PAGE, 'Go', 'go').replace(/pairs = append\(.*\)/, pair))
    const cookie = runBuilt(wrong, FRESH)
    expect([FRESH, ONCE].map((key) => runBuilt(wrong, key, cookie))).toEqual(['42', 'nobody'])
  })

  test.each(REFUSED)('stops the app at its start when SECURE_KEY is %s', (_what, value) => {
    expect(() => run(value)).toThrow('SECURE_KEY must be two keys')
  })
})

describe.skipIf(isMissing(ELIXIR))('the recipe for Phoenix', { timeout: LIMIT_MS }, () => {
  // One process makes many calls: key, what to do, with what, for which purpose.
  const CALLS = `
for [value, call, given, purpose] <- Enum.chunk_every(System.argv(), 4) do
  System.put_env("SECURE_KEY", value)
  try do
    IO.puts(if call == "sign", do: SecureKey.sign(given, purpose, 600), else: SecureKey.verify(given, purpose) || "nobody")
  rescue
    error -> IO.puts("refused: " <> Exception.message(error))
  end
end
IO.inspect(Enum.map([nil, 17, [], %{}, "", "sk1....", <<255>>], &SecureKey.verify(&1, "login")))`
  type Call = [key: string, call: 'sign' | 'verify', given: string, purpose: string]
  const run = (...calls: Call[]) => {
    const path = fileOf('recipe.exs', blockAt(PAGE, 'Phoenix', 'elixir'), CALLS)
    const env = { SECURE_KEY: FRESH }
    return runTool(ELIXIR, [path, ...calls.flat()], { env, limitMs: LIMIT_MS })
      .trimEnd()
      .split('\n')
  }
  const ringOf = (value: string, agoMs = 0) => keyring({ value, settle: 0, now: () => Date.now() - agoMs })

  test('reads the tokens of the libraries, and they read its own', () => {
    const token = ringOf(FRESH).sign('user-17 🐢', { purpose: 'login', expiresIn: 600 })
    const ended = ringOf(FRESH, 700_000).sign('user-17', { purpose: 'login', expiresIn: 600 })
    const [read, twice, other, changed, over, made] = run(
      [ONCE, 'verify', token, 'login'],
      [TWICE, 'verify', token, 'login'],
      [ONCE, 'verify', token, 'unsubscribe'],
      [ONCE, 'verify', `${token.slice(0, -1)}_`, 'login'],
      [FRESH, 'verify', ended, 'login'],
      [ONCE, 'sign', 'żółw', 'login'],
    )
    expect([read, twice, other, changed, over]).toEqual([
      'user-17 🐢',
      'nobody',
      'nobody',
      'nobody',
      'nobody',
    ])
    expect(ringOf(TWICE).verify(made, { purpose: 'login' })).toMatchObject({ ok: true, text: 'żółw' })
  })

  test('takes whatever is no token for nobody', () => {
    expect(run()).toEqual(['[nil, nil, nil, nil, nil, nil, nil]'])
  })

  test('signs and reads nothing where SECURE_KEY is not two keys', () => {
    const calls = REFUSED.map(([, value]): Call => [value, 'sign', 'user-17', 'login'])
    const printed = run(...calls).slice(0, -1)
    expect(printed).toEqual(REFUSED.map(() => 'refused: SECURE_KEY must be two keys of 64 hex digits'))
  })
})
