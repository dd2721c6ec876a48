import type { Context } from './ciphertext.ts'
import { KmsError } from './kms-error.ts'

/** The members of a request, each of which must be known and of its type. */
export type Input = {
  text: (name: string) => string
  optionalText: (name: string) => string | undefined
  optionalNumber: (name: string) => number | undefined
  optionalFlag: (name: string) => boolean | undefined
  bytes: (name: string) => Buffer
  context: () => Context
}

/** Reads a request of an action that knows these members. Throws `SerializationException` or `ValidationException`. */
export function readInput(body: Buffer, members: readonly string[]): Input {
  const found = parsed(body)
  const stranger = Object.keys(found).find((name) => !members.includes(name))
  if (stranger !== undefined) throw validation(`${stranger} is not a member of this action`)

  function optional<T>(name: string, is: (value: unknown) => value is T): T | undefined {
    const value = found[name]
    if (value === undefined || value === null) return undefined
    if (is(value)) return value
    throw new KmsError('SerializationException', `${name} is of another type`)
  }
  function text(name: string): string {
    const value = optional(name, isText)
    if (value === undefined || value === '')
      throw validation(`Value at '${name}' failed to satisfy constraint`)
    return value
  }
  return {
    text,
    optionalText: (name) => optional(name, isText),
    optionalNumber: (name) => optional(name, isNumber),
    optionalFlag: (name) => optional(name, isFlag),
    bytes(name) {
      const value = text(name)
      const bytes = Buffer.from(value, 'base64')
      if (bytes.toString('base64') === value) return bytes
      throw new KmsError('SerializationException', `${name} is not base64`)
    },
    context: () => optional('EncryptionContext', isContext) ?? {},
  }
}

export function validation(message: string): KmsError {
  return new KmsError('ValidationException', `1 validation error detected: ${message}`)
}

function parsed(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString())
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    // Told below.
  }
  throw new KmsError('SerializationException', 'The body is not a JSON object')
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isNumber = (value: unknown): value is number => Number.isInteger(value)
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean'

function isContext(value: unknown): value is Context {
  return typeof value === 'object' && value !== null && Object.values(value).every(isText)
}
