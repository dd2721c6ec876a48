import type { Answer } from './ask.ts'

/**
 * The object that a body of this type is; undefined for whatever is none. Its own fields alone. No compression was asked
 * for, so that what is counted is what was sent.
 */
export function jsonOf({ header, body }: Answer, ...types: string[]): Record<string, unknown> | undefined {
  const [type = ''] = (header('content-type') ?? '').split(';')
  if (!types.includes(type.trim().toLowerCase())) return undefined
  if (body === undefined || (header('content-encoding') ?? 'identity') !== 'identity') return undefined
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return Object.assign(Object.create(null), value)
  } catch {
    return undefined
  }
}
