import { hash } from 'node:crypto'

/**
 * The two keys of a config value, or undefined when it is anything else. Read here a second time, as an app would: the
 * service's own reading must not be what checks the service.
 */
export function readKeyPair(value: string): { first: string; second: string } | undefined {
  const [, first, second] = /^([0-9A-F]{64}),([0-9A-F]{64})$/.exec(value) ?? []
  return first === undefined || second === undefined ? undefined : { first, second }
}

/** The first 8 hex digits of a key's SHA-256, by which the service shows a key. */
export function fingerprint(key: string): string {
  return hash('sha256', key, 'hex').slice(0, 8)
}
