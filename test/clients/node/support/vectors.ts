import { readFileSync } from 'node:fs'

type ShownKey = { kid: string; use: string; version: number | null; until: string | null }

/** The file that all client libraries agree with; clients/vectors/README.md says what its fields mean. */
export type Vectors = {
  format: string
  keys: { name: string; text: string; kid: string }[]
  values: {
    name: string
    secure_key: string | null
    keys?: string[]
    error?: string
    place?: number | null
  }[]
  keyrings: {
    name: string
    secure_key: string
    secure_keyring: string | null
    warning: string | null
    keys?: ShownKey[]
    good_for?: number | null
  }[]
  states: State[]
  derived: { name: string; key: string; purpose: unknown; length: unknown; bytes?: string; error?: string }[]
  signed: {
    name: string
    state: string
    purpose: unknown
    text: unknown
    expires_in: unknown
    now: number
    token?: string
    error?: string
  }[]
  tokens: {
    name: string
    state: string
    purpose: unknown
    now: number
    token: unknown
    text?: string
    kid?: string
    expires_at?: number
    renew?: boolean
    reason?: string
  }[]
}

export type State = {
  name: string
  secure_key: string
  secure_keyring: string | null
  now: number
  started_at: number
  settle: number
  max_life: number | null
  warning: string | null
  guaranteed_life: number
  keys: ShownKey[]
  accepted: string[]
  signing: string
  lists: { life: number | null; kids: string[] }[]
}

export function readVectors(): Vectors {
  const file = new URL('../../../../clients/vectors/securekey-vectors.json', import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** What an argument stands for that JSON cannot hold. */
export function meant(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const { half, number, repeat, times } = value as Record<string, unknown>
  if (typeof half === 'string') return `${half}\ud83d`
  if (typeof number === 'string') return Number(number)
  if (typeof repeat === 'string' && typeof times === 'number') return repeat.repeat(times)
  return value
}
