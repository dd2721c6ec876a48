import { spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { removeFolder } from '../../support/remove-folder.ts'
import { blockAt } from './support/page-blocks.ts'

/** What readers copy who go without the library: each block runs in its own language, in a process of its own. */
const RUN_LIMIT_MS = 60_000
const folder = mkdtempSync(join(tmpdir(), 'securekey-snippets-'))
afterAll(() => removeFolder(folder))

/**
 * Calls the snippet's function once per line of input; writes `{ value }`, or `{ threw: true }`, per line. An argument
 * `{ half }` stands for half of a character and that text behind it: not every JSON parser lets one through.
 */
const CALLERS = {
  js: `
import { readFileSync } from 'node:fs'
for (const line of readFileSync(0, 'utf8').trim().split('\\n')) {
  const [call, purpose, argument] = JSON.parse(line)
  const given = typeof argument?.half === 'string' ? 'half\\ud83d' + argument.half : argument
  let result
  try {
    result = { value: (call === 'sign' ? sign : verify)(purpose, given) ?? null }
  } catch {
    result = { threw: true }
  }
  console.log(JSON.stringify(result))
}`,
  ruby: `
require 'json'
$stdin.each_line do |line|
  call, purpose, given = JSON.parse(line)
  given = "half\\xED\\xA0\\xBD" + given['half'] if given.is_a?(Hash) && given['half']
  result = begin
    { value: call == 'sign' ? sign(purpose, given) : verify(purpose, given) }
  rescue StandardError
    { threw: true }
  end
  puts JSON.generate(result)
end`,
  python: `
import json, sys
for line in sys.stdin:
    call, purpose, given = json.loads(line)
    if isinstance(given, dict) and "half" in given:
        given = "half\\ud83d" + given["half"]
    try:
        result = {"value": (sign if call == "sign" else verify)(purpose, given)}
    except Exception:
        result = {"threw": True}
    print(json.dumps(result))`,
}

type Language = keyof typeof CALLERS
type Call = ['sign' | 'verify', purpose: string, argument: unknown]
type Result = { value: string | null } | { threw: true }

const TOOLS: Record<Language, { command: string; version: string[]; extension: string }> = {
  js: { command: process.execPath, version: ['--version'], extension: 'mjs' },
  ruby: { command: 'ruby', version: ['--version'], extension: 'rb' },
  python: { command: 'python3', version: ['--version'], extension: 'py' },
}

const languages: Language[] = ['js', 'ruby', 'python']
// With REQUIRE_TOOLS=1 a missing language fails its tests instead of being skipped.
const available = languages.filter((language) => process.env.REQUIRE_TOOLS === '1' || isInstalled(language))
for (const language of languages.filter((one) => !available.includes(one))) {
  test.skip(`the ${language} snippet is not run: ${TOOLS[language].command} is not installed`, () => {})
}

function isInstalled(language: Language): boolean {
  const { command, version } = TOOLS[language]
  return spawnSync(command, version).status === 0
}

function snippetOf(language: Language): string {
  const page = language === 'js' ? 'node' : language
  return blockAt(`docs/using/${page}.md`, 'By hand', language)
}

function run(language: Language, secureKey: string | undefined, calls: readonly Call[]) {
  const { command, extension } = TOOLS[language]
  const file = join(folder, `snippet.${extension}`)
  writeFileSync(file, `${snippetOf(language)}\n${CALLERS[language]}\n`)
  const { SECURE_KEY: _ours, ...env } = process.env
  return spawnSync(command, [file], {
    env: { ...env, PYTHONIOENCODING: 'utf-8', ...(secureKey === undefined ? {} : { SECURE_KEY: secureKey }) },
    input: calls.map((call) => `${JSON.stringify(call)}\n`).join(''),
    encoding: 'utf8',
    timeout: RUN_LIMIT_MS,
    maxBuffer: 64 * 1024 * 1024,
  })
}

function resultsOf(language: Language, secureKey: string, calls: readonly Call[]): Result[] {
  const { status, stdout, stderr, error } = run(language, secureKey, calls)
  expect(error).toBeUndefined()
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

function valuesOf(language: Language, secureKey: string, calls: readonly Call[]): (string | null)[] {
  return resultsOf(language, secureKey, calls).map((result) => {
    if ('threw' in result) throw new Error(`the ${language} snippet threw`)
    return result.value
  })
}

/** Keys A to D, and what an app is given at first and after each of two rotations. */
const [A, B, C, D] = ['A1', 'B2', 'C3', 'D4'].map((pair) => pair.repeat(32)) as [
  string,
  string,
  string,
  string,
]
const FIRST = `${B},${A}`
const ROTATED = `${C},${B}`
const ROTATED_TWICE = `${D},${C}`

const TEXTS = [
  'user-17',
  '',
  'a.b.c',
  'two\nlines',
  'nul\0inside',
  'żółw 🐢 e\u0301',
  '{"id":1}',
  'x'.repeat(1_000_000),
]
const HEX_64 = /^[0-9a-f]{64}$/

describe.each(available)('the %s snippet', (language) => {
  const sign = (secureKey: string, texts: readonly string[]) =>
    valuesOf(
      language,
      secureKey,
      texts.map((text) => ['sign', 'login', text]),
    ) as string[]
  const verify = (secureKey: string, signed: readonly unknown[], purpose = 'login') =>
    valuesOf(
      language,
      secureKey,
      signed.map((one) => ['verify', purpose, one]),
    )
  const refused = (signed: readonly unknown[]) => signed.map(() => null)

  test('accepts what it signed until the rotation after the next', () => {
    const signed = sign(FIRST, TEXTS)
    expect(verify(FIRST, signed)).toEqual(TEXTS)
    expect(verify(ROTATED, signed)).toEqual(TEXTS)
    expect(verify(ROTATED_TWICE, signed)).toEqual(refused(signed))
  })

  test('signs with the first key: its values outlive the rotation that takes the second key', () => {
    const signed = sign(ROTATED, TEXTS)
    expect(verify(ROTATED_TWICE, signed)).toEqual(TEXTS)
    expect(verify(FIRST, signed)).toEqual(refused(signed))
  })

  test.each(available)('signs what the %s snippet accepts, and writes it in the same form', (other) => {
    const signed = sign(FIRST, TEXTS)
    const calls = signed.map((one): Call => ['verify', 'login', one])
    expect(valuesOf(other, ROTATED, calls)).toEqual(TEXTS)
    expect(valuesOf(other, ROTATED_TWICE, calls)).toEqual(refused(signed))
    const again = valuesOf(
      other,
      FIRST,
      TEXTS.map((text) => ['sign', 'login', text]),
    )
    expect(again).toEqual(signed)
    for (const one of signed) expect(one.slice(one.lastIndexOf('.') + 1)).toMatch(HEX_64)
  })

  test('refuses what was cut, changed or made by anybody else', () => {
    const [signed = ''] = sign(FIRST, ['user-17'])
    const [foreign = ''] = sign(`${D},${A}`, ['user-17'])
    const mac = signed.slice(-64)
    const wrong = [
      signed.slice(0, -1),
      signed.slice(1),
      signed.replace('17', '18'),
      `${signed}0`,
      `${signed}\n`,
      ` ${signed}`,
      `user-17.${mac.toUpperCase()}`,
      `user-17.${(mac.startsWith('0') ? '1' : '0') + mac.slice(1)}`,
      `user-17.${'ż'.repeat(64)}`,
      'user-17.',
      'user-17',
      mac,
      `.${mac}`,
      '.',
      '',
      'x'.repeat(1_000_000),
      '.'.repeat(1_000_000),
      foreign,
    ]
    expect(verify(FIRST, wrong)).toEqual(refused(wrong))
  })

  test('refuses a missing value, and whatever is no text, without an exception', () => {
    const [signed = ''] = sign(FIRST, ['user-17'])
    const wrong = [null, [], [signed], [signed, signed], {}, { signed }, 0, 17, true]
    expect(verify(FIRST, wrong)).toEqual(refused(wrong))
  })

  test('refuses what was signed for another purpose', () => {
    const signed = sign(FIRST, ['user-17'])
    expect(verify(FIRST, signed, 'unsubscribe')).toEqual([null])
    expect(verify(FIRST, signed, '')).toEqual([null])
  })

  test('neither signs nor accepts half of a character, which would pass for the replacement character', () => {
    const [signed = ''] = sign(FIRST, ['half\ufffd'])
    expect(verify(FIRST, [signed, { half: signed.slice(-65) }])).toEqual(['half\ufffd', null])
    expect(resultsOf(language, FIRST, [['sign', 'login', { half: '' }]])).toEqual([{ threw: true }])
  })

  test.each([
    ['is missing', undefined],
    ['is empty', ''],
    ['is a comma', ','],
    ['is a word', 'not-to-be-shown'],
    ['is one key', A],
    ['is three keys', `${A},${B},${C}`],
    ['has a space after the comma', `${A}, ${B}`],
    ['has a line break at its end', `${A},${B}\n`],
    ['has lower-case digits', `${A},${B.toLowerCase()}`],
    ['has a key that is cut', `${A},${B.slice(1)}`],
    ['is an empty second key', `${A},`],
  ])(
    'stops the app at its start when SECURE_KEY %s, and names the variable, not the value',
    (_, secureKey) => {
      const { status, stdout, stderr } = run(language, secureKey, [['sign', 'login', 'user-17']])
      expect(status).not.toBe(0)
      expect(stdout).toBe('')
      expect(stderr).toContain('SECURE_KEY must be two keys of 64 hex digits')
      for (const part of secureKey?.split(/[\s,]+/) ?? []) {
        if (part !== '') expect(stderr).not.toContain(part)
      }
    },
  )
})
