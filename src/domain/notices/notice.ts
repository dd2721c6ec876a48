/**
 * What a customer is told of:
 * - `rotation-coming`: a scheduled rotation is near; told again only where its date has moved by more than an hour
 * - `rotation-done`: a new key signs
 * - `rotation-late`: an hour after the moment at which it may first happen it has not
 * - `rotation-held-back`: the old key stays for apps that still sign with it
 * - `rotation-stuck`: an attempt has failed too often
 * - `config-foreign`: the config var holds what was never made here, so no machine pushes anything
 * - `config-gone`: the config var has no value
 * - `keys-revoked`: no key of before is accepted
 * - `grant-lost`: Heroku no longer lets us change the config var
 * - `hand-over-used`: a client outside Heroku came for keys
 * - `token-made`: somebody made something by which a program reaches this add-on
 * - `keys-forked`: somebody made a code by which another add-on takes over the keys, or one has taken them over
 * - `policy-changed`: the plan, the schedule or what is announced and told is another
 * - `unusual-access`: somebody came in a way that is not usual here
 * - `encryption-key`: the customer's own key was withdrawn, works again, or is lost
 * - `test`: somebody wants to see whether notices arrive
 */
export type NoticeKind = (typeof NOTICE_KINDS)[number]

export const NOTICE_KINDS = [
  'rotation-coming',
  'rotation-done',
  'rotation-late',
  'rotation-held-back',
  'rotation-stuck',
  'config-foreign',
  'config-gone',
  'keys-revoked',
  'grant-lost',
  'hand-over-used',
  'token-made',
  'policy-changed',
  'unusual-access',
  'encryption-key',
  'keys-forked',
  'test',
] as const

/** Facts for programs: short texts, numbers, and dates as ISO texts. Never anything secret. */
export type NoticeFacts = Readonly<Record<string, string | number | boolean | null>>

/**
 * A message to a customer. The same notice has the same `id` however often it is sent, so whoever gets it twice can tell;
 * it holds letters, digits, `-` and `_` alone. `seq` is the history row that it tells of; null where the schedule says it.
 * `text` is one English sentence.
 */
export type Notice = {
  id: string
  kind: NoticeKind
  at: Date
  seq: number | null
  text: string
  facts: NoticeFacts
}

/** Those that are about keys, access and what nobody here made: the owners of the app are told of them in any case. */
export const SEVERE_KINDS: readonly NoticeKind[] = [
  'config-foreign',
  'config-gone',
  'keys-revoked',
  'grant-lost',
  'rotation-stuck',
  'unusual-access',
  'encryption-key',
  'keys-forked',
]

/** Whether Heroku's collaborators of the app are told of it too. */
export function isSevere({ kind }: Pick<Notice, 'kind'>): boolean {
  return SEVERE_KINDS.includes(kind)
}

/** Where notices are sent to. */
export type NoticeChannel = 'log' | 'webhook' | 'mail'

/** Whom the notices of a resource are sent to. `id`: `log`, `wh_…`, `ma_…` or `collaborators`. */
export type NoticeTarget = { resourceId: string; channel: NoticeChannel; id: string }

/** The target of the app's own log. */
export const LOG_TARGET = 'log'
/** Why nothing is written there: said on the page, and no failure of anybody. */
export const NO_LOG_INPUT = 'Heroku gives this app no log input: apps of the Fir generation have none'
/** All logs are Logplex's. */
export const LOG_LANE = 'logplex'

/** Heroku's collaborators of the apps, who are mailed severe notices alone. */
export const COLLABORATORS_TARGET = 'collaborators'
/** All mail goes out by one mail server. */
export const MAIL_LANE = 'smtp'

/** What a notice says of the add-on that it is about. */
export type NoticeSubject = { resourceId: string; name: string | null }
