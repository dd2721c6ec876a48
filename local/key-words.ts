import { fingerprint, readKeyPair } from './key-pair.ts'

/** A config var as two lines: name and value in full, and whose keys they are by fingerprint. */
export function keyLines(name: string, value: string): string[] {
  const keys = readKeyPair(value)
  if (!keys) return [`${name}=${value}`, 'this is not a pair of keys']
  return [
    `${name}=${value}`,
    `${fingerprint(keys.first)} signs, ${fingerprint(keys.second)} is accepted as well`,
  ]
}

/** A keyring as one line: its keys by fingerprint, version and use. Undefined for any other value. */
export function keyringLine(name: string, value: string): string | undefined {
  try {
    const { keys } = JSON.parse(value) as { keys: { kid: string; version: number; use: string }[] }
    return `${name} lists ${keys.map(({ kid, version, use }) => `${kid} (version ${version}, ${use})`).join(', ')}`
  } catch {
    return undefined
  }
}

/** The two keys of a value by their fingerprints. Undefined for any other value. */
export function fingerprintsOf(value: string): string | undefined {
  const keys = readKeyPair(value)
  return keys && `${fingerprint(keys.first)},${fingerprint(keys.second)}`
}
