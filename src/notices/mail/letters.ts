import { createHash } from 'node:crypto'
import { Eta } from 'eta'
import { cleanText } from '../../domain/clean-text.ts'
import type { Notice, NoticeKind } from '../../domain/notices/notice.ts'

/** What a letter says. `addon`: the name of the add-on. Nothing in it is secret but its links, which open nothing else. */
export type Letter =
  /** To an address that nobody has confirmed. */
  | { kind: 'confirmation'; addon: string; link: string; until: Date }
  /** `unsubscribe`: the link that ends them; without it the reader is one of Heroku's collaborators. */
  | { kind: 'notices'; addon: string; notices: readonly Notice[]; unsubscribe?: string }

/** A letter as it goes out, all but from whom and to whom. */
export type WrittenLetter = {
  subject: string
  text: string
  html: string
  /** The same for the same letter to the same reader, however often it is sent. Without its host. */
  messageId: string
  headers: Readonly<Record<string, string>>
}

const TITLES: Readonly<Record<NoticeKind, string>> = {
  'rotation-coming': 'a rotation is coming',
  'rotation-done': 'the key was rotated',
  'rotation-late': 'a rotation is late',
  'rotation-held-back': 'a rotation is held back',
  'rotation-stuck': 'a rotation is stuck',
  'config-foreign': 'a foreign value is in the config var',
  'config-gone': 'the config var has no value',
  'keys-revoked': 'the keys were revoked',
  'grant-lost': 'we have lost access at Heroku',
  'hand-over-used': 'a client outside Heroku came for keys',
  'token-made': 'access for a program was made',
  'policy-changed': 'the settings were changed',
  'unusual-access': 'unusual access',
  'encryption-key': 'your encryption key',
  'keys-forked': 'a move of keys between add-ons',
  test: 'a test',
}

// Everything is escaped: of `<%~`, which does not, there is none in these templates but for the frame around them.
const html = new Eta({ views: `${import.meta.dirname}/views`, cache: true, autoEscape: true })
/** Plain text has nothing to escape. */
const text = new Eta({
  views: `${import.meta.dirname}/views`,
  cache: true,
  autoEscape: false,
  autoTrim: false,
})

/** Writes a letter for a reader as plain text and as HTML, which loads nothing and follows nobody. */
export function writeLetter(letter: Letter, reader: string): WrittenLetter {
  const addon = cleanText(letter.addon)
  const model = letter.kind === 'confirmation' ? confirmationModel(letter) : noticesModel(letter)
  return {
    subject: `${addon}: ${subjectOf(letter)}`,
    text: text.render(`${letter.kind}-text`, { addon, ...model }).replace(/\n{3,}/g, '\n\n'),
    html: html.render(`${letter.kind}-html`, { addon, ...model }),
    messageId: messageIdOf(letter, reader),
    headers: {
      // Nobody's holiday note is to answer it (RFC 3834).
      'auto-submitted': 'auto-generated',
      'x-auto-response-suppress': 'All',
      ...(letter.kind === 'notices' && letter.unsubscribe !== undefined && oneClick(letter.unsubscribe)),
    },
  }
}

function subjectOf(letter: Letter): string {
  if (letter.kind === 'confirmation') return 'confirm this address'
  const [first] = letter.notices
  const others = letter.notices.length - 1
  return `${first ? TITLES[first.kind] : 'notices'}${others > 0 ? `, and ${others} more` : ''}`
}

function confirmationModel({ link, until }: Extract<Letter, { kind: 'confirmation' }>) {
  return { link, until: momentText(until) }
}

function noticesModel({ notices, unsubscribe }: Extract<Letter, { kind: 'notices' }>) {
  return {
    notices: notices.map(({ kind, at, text: sentence }) => ({
      title: capitalised(TITLES[kind]),
      at: momentText(at),
      iso: at.toISOString(),
      text: cleanText(sentence, LONGEST_SENTENCE),
    })),
    unsubscribe: unsubscribe ?? '',
  }
}

const LONGEST_SENTENCE = 1_000

function capitalised(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function momentText(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** By its link or the ids of its notices: a repeat is known by it (RFC 5322, 3.6.4), and no two readers share one. */
function messageIdOf(letter: Letter, reader: string): string {
  const ids =
    letter.kind === 'confirmation' ? [`confirm-${digestOf(letter.link)}`] : letter.notices.map(({ id }) => id)
  const name = ids.length === 1 ? String(ids[0]).replace(/[^\w-]/g, '-') : digestOf(ids.join(' '))
  return `${name}.${digestOf(reader).slice(0, 16)}`
}

function digestOf(of: string): string {
  return createHash('sha256').update(of).digest('hex').slice(0, 32)
}

/** What lets a mail program end them by one press (RFC 2369, RFC 8058). */
function oneClick(link: string): Record<string, string> {
  return { 'list-unsubscribe': `<${link}>`, 'list-unsubscribe-post': 'List-Unsubscribe=One-Click' }
}
