import { createHash } from 'node:crypto'
import { fieldsOf } from '../answers/fields.ts'
import { type Heroku, HerokuRefusedError } from '../heroku/calls.ts'

/** What Heroku holds in `SECURE_KEY` of an add-on, by key ids: the values are read here and go nowhere. */
export type HeldKeys =
  | { held: 'pair'; signs: string; accepted: string }
  | { held: 'nothing' }
  | { held: 'no-pair' }
  /** Heroku does not show it to this user. */
  | { held: 'unseen' }

const CONFIG_VAR = 'SECURE_KEY'
const KID_DIGITS = 8

/** Asks Heroku for the config of this add-on, and of no other. */
export async function readHeldKeys(heroku: Pick<Heroku, 'getSecret'>, addonId: string): Promise<HeldKeys> {
  try {
    return heldIn(await heroku.getSecret(`/addons/${encodeURIComponent(addonId)}/config`))
  } catch (error) {
    if (error instanceof HerokuRefusedError) return { held: 'unseen' }
    throw error
  }
}

export function heldIn(config: unknown): HeldKeys {
  const items = Array.isArray(config) ? config.map(fieldsOf) : []
  const value = items.find(({ name }) => name === CONFIG_VAR)?.value
  if (typeof value !== 'string' || value === '') return { held: 'nothing' }
  const [, first, second] = /^([0-9A-F]{64}),([0-9A-F]{64})$/.exec(value) ?? []
  if (first === undefined || second === undefined) return { held: 'no-pair' }
  return { held: 'pair', signs: kidOf(first), accepted: kidOf(second) }
}

function kidOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, KID_DIGITS)
}
