import { actorWords } from '../actor-words.ts'
import type { HistoryDetails, HistoryKind, HistoryRow } from '../history.ts'
import { dateWords } from './date-words.ts'
import type { NoticeFacts } from './notice.ts'
import { dateIn, type Tell, type Told, textIn } from './told.ts'

/** What is told of changes of the plan, of the schedule, and of what is announced, handed out and told. */
export const TOLD_OF_POLICY: Partial<Readonly<Record<HistoryKind, Tell>>> = {
  'plan-changed': (row, name) => changed(row, 'plan', `The plan of ${name} was changed${fromTo(row)}`),
  'grace-period-changed': (row, name) =>
    changed(row, 'grace-period', `The grace period of ${name} was changed${fromTo(row)}`),
  'token-life-changed': (row, name) =>
    changed(row, 'token-life', `The token life of ${name} was changed${fromTo(row)}`),
  'windows-changed': (row, name) =>
    changed(row, 'windows', `The windows of ${name} were changed${fromTo(row)}`),
  'freeze-added': (row, name) =>
    changed(row, 'freeze-added', `A freeze of ${name} was added${span(row)}`, { after: reason(row) }),
  'freeze-removed': (row, name) =>
    changed(row, 'freeze-removed', `A freeze of ${name} was removed${span(row)}`),
  'schedule-paused': (row, name) =>
    changed(row, 'paused', `The schedule of ${name} was paused`, {
      after: `${until(row, ' until somebody resumes it')}${reason(row)}`,
    }),
  'schedule-resumed': (row, name) => changed(row, 'resumed', `The schedule of ${name} was resumed`),
  'mail-address-added': (row, name) =>
    changed(
      row,
      'mail-address-added',
      `The mail address ${textIn(row.details, 'address')} was added to ${name}`,
    ),
  'mail-address-removed': (row, name) =>
    changed(
      row,
      'mail-address-removed',
      `The mail address ${textIn(row.details, 'address')} was removed from ${name}`,
      { by: row.details?.by === 'link' ? 'its reader' : undefined },
    ),
  'next-switched-on': (row, name) =>
    changed(row, 'next-key-on', `The announcing of the next key of ${name} was switched on`),
  'next-switched-off': (row, name) =>
    changed(row, 'next-key-off', `The announcing of the next key of ${name} was switched off`),
  'hand-over-switched-on': (row, name) =>
    changed(row, 'hand-over-on', `The hand-over of ${name} was switched on`),
  'hand-over-switched-off': (row, name) =>
    changed(row, 'hand-over-off', `The hand-over of ${name} was switched off`),
  'log-switched-on': (row, name) =>
    changed(row, 'log-on', `Notices of ${name} in the log of the app were switched on`),
  'log-switched-off': (row, name) =>
    changed(row, 'log-off', `Notices of ${name} in the log of the app were switched off`),
  'webhook-added': (row, name) => ofWebhook(row, 'webhook-added', `was added to ${name}`),
  'webhook-removed': (row, name) => ofWebhook(row, 'webhook-removed', `of ${name} was removed`),
  'webhook-secret-replaced': (row, name) =>
    ofWebhook(row, 'webhook-secret-replaced', `of ${name} was given another secret`),
  'webhook-switched-off': (row, name) => ({
    kind: 'policy-changed',
    text: `The webhook “${textIn(row.details, 'name')}” of ${name} was switched off: its receiver answered that it wants no more.`,
    facts: { ...factsIn(row.details), what: 'webhook-off' },
  }),
  'privatelink-created': (row, name) =>
    changed(row, 'privatelink-on', `PrivateLink to ${name} was asked for`, { after: accounts(row, 'for') }),
  'privatelink-accounts-changed': (row, name) =>
    changed(row, 'privatelink-accounts', `Who may reach ${name} by PrivateLink was changed`, {
      after: `${accounts(row, 'added:', 'added')}${accounts(row, 'removed:', 'removed')}`,
    }),
  'privatelink-destroyed': (row, name) =>
    changed(row, 'privatelink-off', `PrivateLink to ${name} was taken away`),
  'webhook-switched-on': (row, name) => ofWebhook(row, 'webhook-on', `of ${name} was switched on again`),
}

function changed(
  { actor, details }: HistoryRow,
  what: string,
  words: string,
  { by = actorWords(actor), after = '' }: { by?: string | undefined; after?: string } = {},
): Told {
  return {
    kind: 'policy-changed',
    text: `${words} by ${by}${after}.`,
    facts: { ...factsIn(details), what, by },
  }
}

/** `id` is a notice's own name: in the line of a log nobody could tell the two apart. */
function factsIn(details: HistoryDetails = {}): NoticeFacts {
  const { id, ...others } = details
  return id === undefined ? others : { ...others, target: id }
}

function ofWebhook(row: HistoryRow, what: string, words: string): Told {
  return changed(row, what, `The webhook “${textIn(row.details, 'name')}” ${words}`)
}

function fromTo({ details }: HistoryRow): string {
  return ` from ${textIn(details, 'from') || 'none'} to ${textIn(details, 'to') || 'none'}`
}

function span({ details }: HistoryRow): string {
  return ` (from ${dateWords(dateIn(details, 'from'))} until ${dateWords(dateIn(details, 'until'))})`
}

function until({ details }: HistoryRow, otherwise: string): string {
  const end = dateIn(details, 'until')
  return end ? ` until ${dateWords(end)}` : otherwise
}

/** The accounts that a detail lists. */
function accounts({ details }: HistoryRow, lead: string, name = 'accounts'): string {
  const words = textIn(details, name)
  return words === '' ? '' : `; ${lead} ${words}`
}

/** As whoever asked for it put it: whoever reads the sentence alone is to learn why nothing rotates. */
function reason({ details }: HistoryRow): string {
  const words = textIn(details, 'reason')
  return words === '' ? '' : `: “${words}”`
}
