import type { Deps } from '../../src/flows/deps.ts'
import type { SealedColumn } from '../../src/sealing/sealing.ts'

/** Secrets by what they are, for the report. */
export type Secrets = Map<string, string>

/** A text that must hold no secret, by where it came from. */
export type Text = { from: string; text: string }

/** Shorter texts would be found by chance. */
const SHORTEST = 8
/** Of a longer secret its beginning or end is enough: Postgres and loggers cut long values. */
const PIECE = 32

/** Every place in which a secret appears, as it is or in one of the forms that programs give to text. */
export function findLeaks(secrets: Secrets, texts: readonly Text[]): string[] {
  const forms = [...secrets].flatMap(([secret, what]) => {
    if (secret.length < SHORTEST) throw new Error(`${what} is too short to be looked for`)
    return [...new Set(formsOf(secret))].map((form) => ({ what, form }))
  })
  return texts.flatMap(({ from, text }) => {
    const found = forms.filter(({ form }) => text.includes(form))
    return [...new Set(found.map(({ what }) => `${what} in ${from}`))]
  })
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const pieces = secret.length < 2 * PIECE ? [] : [secret.slice(0, PIECE), secret.slice(-PIECE)]
  return [
    secret,
    ...pieces,
    secret.toLowerCase(),
    secret.toUpperCase(),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
  ]
}

/** What is sealed in the database at this moment: the sealed values themselves, and what is in them. */
export async function sealedSecrets(deps: Pick<Deps, 'db' | 'sealing'>): Promise<Secrets> {
  const { db } = deps
  const secrets: Secrets = new Map()
  const keys = await db.selectFrom('key_versions').selectAll().execute()
  const grants = await db.selectFrom('oauth_grants').selectAll().execute()
  const tokens = await db.selectFrom('oauth_tokens').selectAll().execute()
  for (const resource of await db.selectFrom('resources').selectAll().execute()) {
    const { id, wrapped_dek: wrappedDek } = resource
    if (wrappedDek === null) continue
    secrets.set(wrappedDek, 'a wrapped data key')
    const sealer = await deps.sealing.forResource(id, wrappedDek)
    const add = async (column: SealedColumn, sealed: string | null | undefined, version?: number) => {
      if (!sealed) return
      secrets.set(sealed, `a sealed value (${column})`)
      // A test may have put something there that is not sealed at all.
      const text = await sealer.open(column, sealed, version).catch(() => undefined)
      if (text !== undefined) secrets.set(text, `a secret (${column})`)
    }
    for (const key of keys) if (key.resource_id === id) await add('sealed_key', key.sealed_key, key.version)
    await add('sealed_code', grants.find((grant) => grant.resource_id === id)?.sealed_code)
    const pair = tokens.find((token) => token.resource_id === id)
    await add('sealed_access_token', pair?.sealed_access_token)
    await add('sealed_refresh_token', pair?.sealed_refresh_token)
    await add('sealed_log_input_url', resource.sealed_log_input_url)
  }
  return secrets
}
