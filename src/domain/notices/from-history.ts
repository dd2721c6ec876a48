import { actorWords, askedByWords } from '../actor-words.ts'
import { cleanText } from '../clean-text.ts'
import { failureWords } from '../failure-words.ts'
import type { HistoryKind, HistoryRow } from '../history.ts'
import { dateWords } from './date-words.ts'
import { TOLD_OF_POLICY } from './from-policy.ts'
import type { Notice, NoticeSubject } from './notice.ts'
import { dateIn, type Tell, type Told, textIn } from './told.ts'
import { unusualAccess } from './unusual-access.ts'

/** What is told of each kind of history row. Of a kind that does not stand here nobody is told. */
const TOLD: Partial<Readonly<Record<HistoryKind, Tell>>> = {
  rotated,
  'key-held-back': (row, name) => ({
    kind: 'rotation-held-back',
    text: `The previous key of ${name} stays until ${dateWords(dateIn(row.details, 'until'))} at the latest, because these apps still sign with it: ${textIn(row.details, 'apps')}.`,
    facts: { apps: textIn(row.details, 'apps'), until: textIn(row.details, 'until') },
  }),
  'rotation-stuck': (row, name) => ({
    kind: 'rotation-stuck',
    text: `The rotation of ${name} is stuck (${reasonOf(row)}): we try again about once a day, and your apps keep the keys that they have.`,
    facts: { attempts: row.attempts ?? null, failure: row.failures?.at(-1)?.kind ?? null },
  }),
  'config-foreign': (_row, name) => ({
    kind: 'config-foreign',
    text: `The config var of ${name} holds keys that we did not make, so no rotation happens until somebody revokes or replaces them.`,
    facts: { what: 'foreign' },
  }),
  'row-put-back': (_row, name) => ({
    kind: 'config-foreign',
    text: `Our record of ${name} is older than its history, so no rotation happens until our operators have looked at it.`,
    facts: { what: 'row-put-back' },
  }),
  'config-gone': (_row, name) => ({
    kind: 'config-gone',
    text: `The config var of ${name} has no value although we have put it back once; the next rotation brings it back.`,
  }),
  'keys-revoked': (row, name) => revoked(row, `All keys of ${name} were revoked by ${actorWords(row.actor)}`),
  'keys-replaced': (row, name) =>
    revoked(row, `All keys of ${name} were replaced by ${actorWords(row.actor)}`),
  'grant-lost': (_row, name) => ({
    kind: 'grant-lost',
    text: `Heroku gave us no access to the config var of ${name}, so neither a rotation nor a revoke can reach your apps: make the add-on again.`,
  }),
  'client-first-asked': (row, name) =>
    handOver(row, `came for the first time to the keys of ${name}`, 'asked'),
  'keys-handed-over': (row, name) => handOver(row, `was given the keys of ${name}`, 'handed-over'),
  'client-came-back': (row, name) =>
    handOver(row, `was refused the keys of ${name}: it came back with an older key`, 'refused'),
  'token-made': (row, name) =>
    made(row, `The API token “${textIn(row.details, 'name')}” of ${name} was made`),
  'client-enrolled': (row, name) =>
    made(row, `The client “${textIn(row.details, 'name')}” of ${name} was enrolled`),
  'fork-code-made': (row, name) => ({
    kind: 'keys-forked',
    text: `A code was made by ${actorWords(row.actor)}: whoever has it can take over the keys of ${name} into another add-on, once, until ${dateWords(dateIn(row.details, 'expiresAt'))}.`,
    facts: {
      what: 'code-made',
      by: actorWords(row.actor),
      from: addressOf(row.actor),
      expires: textIn(row.details, 'expiresAt'),
    },
  }),
  forked,
  ...TOLD_OF_POLICY,
  'unusual-access': unusualAccess,
  'own-key-suspended': (row, name) =>
    ownKey(row, 'suspended', `${name} is suspended: AWS no longer lets us use its own encryption key`),
  'own-key-restored': (row, name) =>
    ownKey(row, 'restored', `${name} goes on: AWS lets us use its own encryption key again`),
  'own-key-lost': (row, name) =>
    ownKey(row, 'lost', `${name} cannot be opened any more: its own encryption key was deleted`),
}

/** The kinds of history rows of which anybody is told. */
export const TOLD_KINDS = Object.keys(TOLD) as readonly HistoryKind[]

/** Those of which severe notices are made. */
export const SEVERE_ROWS: readonly HistoryKind[] = [
  'rotation-stuck',
  'config-foreign',
  'row-put-back',
  'config-gone',
  'keys-revoked',
  'keys-replaced',
  'grant-lost',
  'unusual-access',
  'own-key-suspended',
  'own-key-restored',
  'own-key-lost',
  'fork-code-made',
  'forked',
]

/** What is told of a history row; undefined: nothing. The same row always makes the same notice. */
export function noticeFrom(row: HistoryRow, subject: NoticeSubject): Notice | undefined {
  const name = subject.name ?? subject.resourceId
  const told = TOLD[row.kind]?.(row, name)
  if (!told) return undefined
  const { kind, text, facts = {} } = told
  return {
    id: noticeId(subject.resourceId, row),
    kind,
    at: row.at,
    seq: row.seq,
    text: cleanText(text, LONGEST_SENTENCE),
    facts: { addon: name, ...facts },
  }
}

const LONGEST_SENTENCE = 600

/** With the moment: a restored database gives numbers away a second time. */
function noticeId(resourceId: string, { seq, at }: Pick<HistoryRow, 'seq' | 'at'>): string {
  return `${resourceId}_${seq}_${at.getTime().toString(36)}`
}

function rotated({ rotation, key, actor }: HistoryRow, name: string): Told {
  const next = rotation?.nextRotationAt
  const signs = key ? ` to key ${key.fingerprint} (version ${key.version})` : ''
  const then = next ? `; the next one is due on ${dateWords(next)}` : ''
  return {
    kind: 'rotation-done',
    text: `${name} was rotated${signs}, asked for by ${askedByWords(actor)}${then}.`,
    facts: {
      reason: rotation?.reason ?? null,
      kid: key?.fingerprint ?? null,
      version: key?.version ?? null,
      by: askedByWords(actor),
      next: next?.toISOString() ?? null,
    },
  }
}

function forked({ details }: HistoryRow, name: string): Told {
  const to = textIn(details, 'to')
  const [source, target] = to ? [name, to] : [textIn(details, 'from'), name]
  return {
    kind: 'keys-forked',
    text: `The keys of ${source} were taken over by the add-on ${target}: both accept them, and each rotates by itself.`,
    facts: { what: to ? 'taken' : 'took-over', other: to || textIn(details, 'from') },
  }
}

function ownKey({ details }: HistoryRow, state: string, words: string): Told {
  return {
    kind: 'encryption-key',
    text: `${words}.`,
    facts: { state, key: textIn(details, 'encryptionKey') },
  }
}

function revoked({ actor, details }: HistoryRow, words: string): Told {
  return {
    kind: 'keys-revoked',
    text: `${words}: no key of before is accepted any more, and new ones are on their way to your apps.`,
    facts: { by: actorWords(actor), versions: textIn(details, 'versions') },
  }
}

function handOver({ actor, key, details }: HistoryRow, words: string, what: string): Told {
  return {
    kind: 'hand-over-used',
    text: `${theClient(actor)} ${words}.`,
    facts: {
      what,
      client: actor.type === 'client' ? actor.id : null,
      by: actorWords(actor),
      from: addressOf(actor),
      kid: key?.fingerprint ?? null,
      signed_with: textIn(details, 'signedWith'),
    },
  }
}

function made({ actor, details }: HistoryRow, words: string): Told {
  const scopes = textIn(details, 'scopes')
  return {
    kind: 'token-made',
    text: `${words} by ${actorWords(actor)}${scopes ? `, and may: ${scopes}` : ''}.`,
    facts: {
      by: actorWords(actor),
      from: addressOf(actor),
      name: textIn(details, 'name'),
      token: textIn(details, 'token') || textIn(details, 'client'),
      scopes,
      expires: textIn(details, 'expiresAt') || null,
    },
  }
}

function reasonOf({ failures = [] }: HistoryRow): string {
  const failure = failures.at(-1)
  return (failure ? failureWords(failure.kind) : 'It has failed too often').replace(/\.$/, '')
}

function addressOf(actor: HistoryRow['actor']): string | null {
  return 'address' in actor ? actor.address : null
}

function theClient(actor: HistoryRow['actor']): string {
  return actorWords(actor).replace(/^the /, 'The ')
}
