import { hash, timingSafeEqual } from 'node:crypto'

/** Random bytes of the id of an address, and of each secret of its links. */
export const MAIL_ID_BYTES = 8
export const LINK_SECRET_BYTES = 24

const FORM = /^(?<id>ma_[0-9a-f]{16})\.(?<secret>[\w-]{32})$/
const ID = /^ma_[0-9a-f]{16}$/

/** What is sealed of an address: itself, and the secrets of the links that go to it. */
export type MailAddressSecrets = {
  /** The id of its row: a value in another row is none. */
  id: string
  address: string
  /** Null: it is confirmed, and no link confirms it again. */
  confirm: string | null
  unsubscribe: string
}

/** The id of an address from random bytes. */
export function mailAddressId(bytes: Uint8Array): string {
  if (bytes.length !== MAIL_ID_BYTES) throw new RangeError('the id of an address has 8 bytes')
  return `ma_${Buffer.from(bytes).toString('hex')}`
}

/** Whether a text has the form of such an id. */
export function isMailAddressId(text: string): boolean {
  return ID.test(text)
}

/** The secret of a link from random bytes. */
export function linkSecret(bytes: Uint8Array): string {
  if (bytes.length !== LINK_SECRET_BYTES) throw new RangeError('the secret of a link has 24 bytes')
  return Buffer.from(bytes).toString('base64url')
}

/** The last part of the address of a link. */
export function mailLinkText(id: string, secret: string): string {
  return `${id}.${secret}`
}

/** What a link names; undefined for a text that is no link of this service. */
export function readMailLink(text: string): { id: string; secret: string } | undefined {
  const { id, secret } = FORM.exec(text)?.groups ?? {}
  return id === undefined || secret === undefined ? undefined : { id, secret }
}

/** Whether that is the secret of a link. Compares in constant time; there may be none, and then nothing is it. */
export function isLinkSecret(given: string, secret: string | null): boolean {
  return secret !== null && timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', secret, 'buffer'))
}

/** Reads what was sealed; undefined where it belongs to another row. */
export function readAddressSecrets(text: string, id: string): MailAddressSecrets | undefined {
  const { address, confirm, unsubscribe, ...rest } = JSON.parse(text) as MailAddressSecrets
  return rest.id === id ? { id, address, confirm, unsubscribe } : undefined
}
