import type { Notice } from './notice.ts'

/**
 * A notice as a line for an app's log, in logfmt: `securekey.rotation=coming addon=… rotates=… id=… text="…"`. A value is
 * bare where it holds neither blanks, quotes, `=` nor backslashes; else it stands between quotes, with `\"`, `\\`, `\n`,
 * `\r` and `\t` for what these stand for. So whatever a name holds, it is one value of one line.
 */
export function logLine({ kind, facts, id, text }: Notice): string {
  const [what = '', ...rest] = NAMES[kind]?.split('=') ?? [kind]
  const pairs = [
    [`securekey.${what}`, rest.join('=')],
    ...Object.entries(facts).filter(([, value]) => value !== null && value !== ''),
    ['id', id],
    ['text', text],
  ] as const
  return pairs.map(([name, value]) => `${nameOf(name)}=${quotedWhereNeeded(String(value))}`).join(' ')
}

const NAMES: Readonly<Record<Notice['kind'], string>> = {
  'rotation-coming': 'rotation=coming',
  'rotation-done': 'rotation=done',
  'rotation-late': 'rotation=late',
  'rotation-held-back': 'rotation=held-back',
  'rotation-stuck': 'rotation=stuck',
  'config-foreign': 'config=foreign',
  'config-gone': 'config=gone',
  'keys-revoked': 'keys=revoked',
  'grant-lost': 'grant=lost',
  'hand-over-used': 'hand-over=used',
  'token-made': 'token=made',
  'keys-forked': 'keys=forked',
  'policy-changed': 'policy=changed',
  'unusual-access': 'access=unusual',
  'encryption-key': 'encryption-key=changed',
  test: 'notice=test',
}

/** Names are ours, or those of details: whatever else stands in one must not end it. */
function nameOf(name: string): string {
  return name.replace(/[^\w.-]/g, '_')
}

const ESCAPED: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

function quotedWhereNeeded(value: string): string {
  if (/^[^\s"=\\\p{Cc}]+$/u.test(value)) return value
  const escaped = value.replace(/["\\\n\r\t]/g, (each) => ESCAPED[each] ?? '').replace(/\p{Cc}/gu, '')
  return `"${escaped}"`
}
