import { isKey } from './key.ts'

/** The values of `SECURE_KEY` and `SECURE_KEYRING`, which always travel together. */
export type ConfigVars = { pair: string; keyring: string }

/**
 * The value of `SECURE_KEY`: exactly two keys, one comma, no space. Consumers in the field assert this shape,
 * sign with the first key and accept both.
 */
export function secureKeyValue(first: string, second: string): string {
  if (!isKey(first) || !isKey(second)) throw new RangeError('a config value is made of two keys')
  return `${first},${second}`
}

/** The two keys of a config value, or undefined when the value does not have the promised shape. */
export function parseSecureKeyValue(value: string): { first: string; second: string } | undefined {
  const [first, second, ...rest] = value.split(',')
  if (first === undefined || second === undefined || rest.length > 0) return undefined
  return isKey(first) && isKey(second) ? { first, second } : undefined
}

/**
 * The name that a config var has on an app: Heroku takes the manifest's prefix off and puts the attachment's name in
 * front, so `SECURE_KEY` attached as `SERVICE_ONE_SECURE` is `SERVICE_ONE_SECURE_KEY` (Add-on Sharing).
 */
export function attachedName(configVar: string, prefix: string, attachmentName: string): string {
  return `${attachmentName}${configVar.slice(prefix.length)}`
}
