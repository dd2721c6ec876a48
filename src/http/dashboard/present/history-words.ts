import { actorWords } from '../../../domain/actor-words.ts'
import { cleanText } from '../../../domain/clean-text.ts'
import { failureWords } from '../../../domain/failure-words.ts'
import { formatGracePeriod, UNTIL_NEXT_ROTATION } from '../../../domain/grace.ts'
import type { HistoryKind, HistoryRow } from '../../../domain/history.ts'
import { type Moment, momentOf, type Precision } from './time-words.ts'

const WORDS: Readonly<Record<HistoryKind, string>> = {
  provisioned: 'Add-on created',
  'provision-repeated': 'Creation asked for again',
  'plan-changed': 'Plan changed',
  renamed: 'Add-on renamed',
  deprovisioned: 'Add-on removed',
  'missing-at-heroku': 'Heroku no longer knows this add-on',
  'grant-exchanged': 'Access to the config var granted',
  'grant-lost': 'Access to the config var lost',
  'access-token-refreshed': 'Access to the config var renewed',
  'rotation-requested': 'Rotation requested',
  rotated: 'Rotated',
  'rotation-superseded': 'Rotation replaced by a revoke',
  'rotation-cancelled': 'Rotation cancelled',
  'rotation-stuck': 'Rotation stuck',
  'rotation-resumed': 'Stuck rotation retried',
  'key-held-back': 'Old key kept: apps still sign with it',
  'filler-published': 'Filler put in second place',
  'next-switched-on': 'Next key switched on',
  'next-switched-off': 'Next key switched off',
  'next-announced': 'Next key announced',
  'next-withdrawn': 'Next key withdrawn',
  'keys-erased': 'Old keys erased',
  'keys-revoked': 'Keys revoked',
  'data-key-renewed': 'Stored secrets sealed anew',
  'schedule-paused': 'Schedule paused',
  'schedule-resumed': 'Schedule resumed',
  'windows-changed': 'Windows changed',
  'freeze-added': 'Freeze added',
  'freeze-removed': 'Freeze removed',
  'grace-period-changed': 'Grace period changed',
  'token-life-changed': 'Token life changed',
  'config-repaired': 'Config var repaired',
  'config-gone': 'Config var is gone',
  'config-foreign': 'Config var holds foreign keys',
  'row-put-back': 'Stored state is older than this history',
  'adoption-requested': 'Adoption requested',
  'config-adopted': 'Keys taken over from Heroku',
  'keys-replaced': 'Keys replaced',
  'signed-in': 'Signed in',
  'signed-out': 'Signed out',
  'sessions-ended': 'Sessions ended',
  'key-revealed': 'Key shown',
  'history-downloaded': 'History downloaded',
  'token-made': 'API token made',
  'tokens-ended': 'API tokens ended',
  'tokens-disabled': 'Tokens and clients ended: their maker has left',
  'keys-read': 'Keys read by a program',
  'client-enrolled': 'Client enrolled',
  'clients-ended': 'Clients ended',
  'hand-over-switched-on': 'Hand-over switched on',
  'hand-over-switched-off': 'Hand-over switched off',
  'client-first-asked': 'Client asked for the first time under this key',
  'keys-handed-over': 'Keys handed over',
  'client-came-back': 'Client refused: it came back with an older key',
  'log-switched-on': 'Notices in the app’s log switched on',
  'log-switched-off': 'Notices in the app’s log switched off',
  'unusual-access': 'Unusual access',
  'unusual-access-known': 'Unusual access marked as known',
  'own-key-suspended': 'Suspended: its own encryption key is withdrawn',
  'own-key-restored': 'Own encryption key works again',
  'own-key-lost': 'Own encryption key was deleted',
  'fork-code-made': 'Code made by which another add-on takes over the keys',
  'fork-code-ended': 'Code made for another add-on ended',
  forked: 'Keys of one add-on taken over by another',
  'webhook-added': 'Webhook added',
  'webhook-removed': 'Webhook removed',
  'webhook-secret-replaced': 'Secret of a webhook replaced',
  'webhook-switched-off': 'Webhook switched off: it answered that it wants no more',
  'webhook-switched-on': 'Webhook switched on again',
  'mail-address-added': 'Mail address added, not confirmed yet',
  'mail-address-confirmed': 'Mail address confirmed',
  'mail-address-removed': 'Mail address removed',
  'privatelink-created': 'PrivateLink asked for',
  'privatelink-accounts-changed': 'AWS accounts of PrivateLink changed',
  'privatelink-destroyed': 'PrivateLink taken away',
  'privatelink-operational': 'PrivateLink is operational',
  'privatelink-failed': 'PrivateLink has failed',
  'privatelink-connection-available': 'Endpoint of PrivateLink connected',
  'privatelink-connection-ended': 'Endpoint of PrivateLink is gone',
}

/** One line of the history. */
export type HistoryLine = {
  id: string
  at: Moment
  what: string
  who: string
  unverified: boolean
  address: string
  key: string
  details: Detail[]
}

/** A fact in words; where it is a date, the words lead up to that. */
export type Detail = { words: string; at: Moment | null }

export function historyLine(row: HistoryRow, now: Date, precision: Precision): HistoryLine {
  const { actor, key } = row
  const moment = (at: Date) => momentOf(at, now, precision)
  return {
    id: String(row.seq),
    at: momentOf(row.at, now, precision),
    // Another release may have written other kinds, and the history keeps them for good.
    what: WORDS[row.kind] ?? cleanText(row.kind),
    who: actorWords(actor),
    unverified: actor.type === 'person' && !actor.verified,
    address: 'address' in actor ? (actor.address ?? '') : '',
    key: key ? `version ${key.version}, ${key.fingerprint}` : '',
    details:
      row.kind === 'unusual-access'
        ? whyOf(row)
        : [...factsOf(row, moment), ...detailsOf(row.details, moment)],
  }
}

/** Its sentence says all that the other details say. */
function whyOf({ details }: HistoryRow): Detail[] {
  return [inWords(String(details?.why ?? ''))]
}

type MomentOf = (at: Date) => Moment

/** What the fixed fields of a row tell: "reason: scheduled", "erased: version 1". */
function factsOf(row: HistoryRow, moment: MomentOf): Detail[] {
  const { rotation, filler, erased = [], failures = [] } = row
  const failure = failures.at(-1)
  const facts = [
    rotation && inWords(`reason: ${rotation.reason}`),
    rotation?.nextRotationAt && { words: 'next rotation:', at: moment(rotation.nextRotationAt) },
    filler && inWords(`filler: version ${filler.version}, ${filler.fingerprint}`),
    erased.length > 0 && inWords(`erased: version${erased.length > 1 ? 's' : ''} ${erased.join(', ')}`),
    failure && inWords(`last failure: ${failureWords(failure.kind).replace(/\.$/, '')}`),
  ]
  return facts.filter((fact) => typeof fact === 'object')
}

/** Details in this order come first, since a change reads from the old to the new; Postgres sorts names by length. */
const FIRST = ['from', 'to']

/** "from: weekly", "to: daily"; what is empty is left out. */
function detailsOf(details: HistoryRow['details'], moment: MomentOf): Detail[] {
  const entries = Object.entries(details ?? {}).filter(([, value]) => value !== null && value !== '')
  const rank = ([name]: [string, unknown]) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length)
  return entries
    .sort((a, b) => rank(a) - rank(b))
    .map(([name, value]) => {
      const label = `${spaced(name)}:`
      if (isDate(value)) return { words: label, at: moment(new Date(value)) }
      // What people wrote is told as it is.
      return inWords(`${label} ${name === 'reason' ? value : valueWords(value)}`)
    })
}

function valueWords(value: string | number | boolean | null | undefined): string {
  return value === formatGracePeriod(UNTIL_NEXT_ROTATION) ? 'until the next rotation' : String(value)
}

function inWords(words: string): Detail {
  return { words, at: null }
}

function isDate(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,12}Z$/.test(value)
}

/** "nextRotationAt" as "next rotation at". */
function spaced(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
