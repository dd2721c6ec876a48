import { keyFromBytes } from '../../src/domain/key.ts'
import type { Deps } from '../../src/flows/deps.ts'
import type { NoticeColumn, SealedColumn } from '../../src/sealing/sealing.ts'
import { dekWithNoticesOf } from '../../src/store/dek-row.ts'

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
  const keys = await db.selectFrom('sealed_keys').selectAll().execute()
  const grants = await db.selectFrom('oauth_grants').selectAll().execute()
  const tokens = await db.selectFrom('oauth_tokens').selectAll().execute()
  const webhooks = await db.selectFrom('webhooks').selectAll().execute()
  for (const resource of await db.selectFrom('resources').selectAll().execute()) {
    const { id } = resource
    const dek = dekWithNoticesOf({ ...resource, own_key_state: null })
    if (!dek) continue
    for (const { wrapped } of [dek, dek.notices ?? dek])
      secrets.set(wrapped.toString('hex'), 'a wrapped data key')
    const sealer = await deps.sealing.forResource(id, dek)
    const add = (column: string, sealed: Buffer | null | undefined, open: (sealed: Buffer) => string) => {
      if (!sealed) return
      secrets.set(sealed.toString('hex'), `a sealed value (${column})`)
      // A test may have put something there that is not sealed at all.
      try {
        secrets.set(open(sealed), `a secret (${column})`)
      } catch {}
    }
    for (const key of keys.filter((each) => each.resource_id === id)) {
      add('sealed', key.sealed, (sealed) => keyFromBytes(sealer.openKey(key.version, sealed)))
    }
    const notices = await deps.sealing.forNotices(id, dek)
    const told = (column: NoticeColumn) => (sealed: Buffer) => notices.open(column, sealed)
    const text = (column: SealedColumn) => (sealed: Buffer) => sealer.open(column, sealed)
    const grant = grants.find((each) => each.resource_id === id)
    add('sealed_code', grant?.sealed_code, text('sealed_code'))
    const pair = tokens.find((token) => token.resource_id === id)
    add('sealed_access_token', pair?.sealed_access_token, text('sealed_access_token'))
    add('sealed_refresh_token', pair?.sealed_refresh_token, text('sealed_refresh_token'))
    for (const webhook of webhooks.filter((each) => each.resource_id === id)) {
      add('sealed_webhook', webhook.sealed_webhook, told('sealed_webhook'))
      const { url, secret } = JSON.parse(notices.open('sealed_webhook', webhook.sealed_webhook))
      secrets.set(secret, 'a secret of a webhook')
      const { search } = new URL(url)
      if (search.length > SHORTEST) secrets.set(search.slice(1), 'the query of a webhook')
    }
    add('sealed_log_input_url', resource.sealed_log_input_url, told('sealed_log_input_url'))
  }
  return secrets
}
