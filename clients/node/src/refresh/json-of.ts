import type { Answer } from './ask.ts'

/** The object that a body of this type is; undefined for whatever is none, and for what is compressed. Its own fields alone. */
export function jsonOf({ header, body }: Answer, ...types: string[]): Record<string, unknown> | undefined {
  const [type = ''] = (header('content-type') ?? '').split(';')
  if (!types.includes(type.trim().toLowerCase())) return undefined
  if (body === undefined) return undefined
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return Object.assign(Object.create(null), value)
  } catch {
    return undefined
  }
}
