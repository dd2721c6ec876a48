import type { AuditAction, AuditEvent } from '../../../domain/audit.ts'
import type { AuditRow } from '../../../flows/overview.ts'
import { actorWords } from './actor-words.ts'
import { storedFailureWords } from './failure-words.ts'
import { type Moment, momentOf, type Precision } from './time-words.ts'

const WORDS: Readonly<Record<AuditAction, string>> = {
  'resource-provisioned': 'Add-on created',
  'plan-changed': 'Plan changed',
  'resource-deprovisioned': 'Add-on removed',
  'resource-missing-at-heroku': 'Heroku no longer knows the add-on',
  'grant-exchanged': 'Permission to set the config var received',
  'grant-lost': 'Permission to set the config var lost',
  'access-token-refreshed': 'Permission to set the config var renewed',
  'rotation-requested': 'Rotation asked for',
  'key-created': 'Key made',
  'key-promoted': 'Key in use',
  'key-retired': 'Key erased',
  'filler-created': 'Spare key made',
  'filler-published': 'Spare key put in second place',
  'rotation-attempt-failed': 'Attempt to rotate failed',
  'rotation-stuck': 'Rotation stuck',
  'rotation-resumed': 'Stuck rotation retried',
  'keys-revoked': 'Key revoked',
  'schedule-paused': 'Schedule paused',
  'schedule-resumed': 'Schedule resumed',
  'grace-period-changed': 'Grace period changed',
  'config-repaired': 'Config var put right',
  'config-differs': 'Config var differs',
  'dashboard-signed-in': 'Signed in',
  'dashboard-signed-out': 'Signed out',
  'key-revealed': 'Key shown',
  'audit-downloaded': 'Audit trail downloaded',
}

/** One line of the audit trail. */
export type AuditLine = {
  id: string
  at: Moment
  what: string
  who: string
  unverified: boolean
  address: string
  key: string
  details: string
}

export function auditLine(row: AuditRow, now: Date, precision: Precision): AuditLine {
  const { actor, version, fingerprint } = row
  return {
    id: row.id,
    at: momentOf(row.at, now, precision),
    what: WORDS[row.action] ?? row.action.replaceAll('-', ' '),
    who: actorWords(actor),
    unverified: actor.type === 'person' && !actor.verified,
    address: actor.type === 'person' ? (actor.address ?? '') : '',
    key: version === undefined ? '' : `version ${version}${fingerprint ? `, ${fingerprint}` : ''}`,
    details: detailWords(row.details, (at) => momentOf(at, now, precision).text),
  }
}

/** "from: weekly, to: daily"; what is empty is left out. */
function detailWords(details: AuditEvent['details'], timeWords: (at: Date) => string): string {
  return Object.entries(details ?? {})
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${spaced(name)}: ${valueWords(name, `${value}`, timeWords)}`)
    .join(', ')
}

const ISO_DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,12}Z$/

function valueWords(name: string, value: string, timeWords: (at: Date) => string): string {
  if (name === 'failure') return storedFailureWords(value).words.replace(/\.$/, '')
  return ISO_DATE.test(value) ? timeWords(new Date(value)) : value
}

/** "nextRotationAt" as "next rotation at". */
function spaced(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
