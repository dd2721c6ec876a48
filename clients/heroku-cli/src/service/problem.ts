import { type Fields, fieldsOf } from '../answers/fields.ts'
import { cleanText } from '../words/clean.ts'
import { lengthWords } from '../words/duration.ts'
import { listWords } from '../words/list.ts'
import { momentWords } from '../words/moment.ts'
import { waitOf } from './patience.ts'
import type { ServiceAnswer } from './request.ts'

const MOST_ENDS = 20
const TYPE = /^urn:securekey:problem:([a-z0-9-]{1,60})$/

/** The service has refused. `problem` is its name for what is wrong, and the message is for people. */
export class ProblemError extends Error {
  readonly problem: string
  readonly status: number
  /** For how long it asks to wait. */
  readonly waitMs: number | undefined
  /** What is to be sent to go ahead, and what that ends before its time, as sentences. */
  readonly asks: { confirm: string; ends: string[] } | undefined

  constructor(
    problem: string,
    status: number,
    message: string,
    { waitMs, asks }: { waitMs?: number | undefined; asks?: ProblemError['asks'] } = {},
  ) {
    super(message)
    this.problem = problem
    this.status = status
    this.waitMs = waitMs
    this.asks = asks
  }
}

/** The refusal that an answer is: problem details (RFC 9457), with the dates and apps that some of them name. */
export function problemOf(answer: ServiceAnswer, now: Date): ProblemError {
  const fields = fieldsOf(answer.body)
  const problem = TYPE.exec(String(fields.type))?.[1] ?? 'unknown'
  const title = sentence(fields.title) ?? `The service of the add-on answered with ${answer.status}.`
  const waitMs = waitOf(answer, now)
  const words = [title, sentence(fields.detail), ...factsOf(fields, now), comeBack(waitMs)]
  return new ProblemError(problem, answer.status, words.filter(Boolean).join(' '), {
    waitMs,
    asks: asksOf(fields, now),
  })
}

function factsOf(fields: Fields, now: Date): string[] {
  const allowedAt = dateOf(fields.allowed_at)
  const until = dateOf(fields.until)
  const apps = Array.isArray(fields.apps) ? fields.apps.map((app) => cleanText(String(app), 60)) : []
  return [
    apps.length > 0 ? `Waiting for ${listWords(apps.slice(0, 20))}.` : '',
    allowedAt ? `Possible from ${momentWords(allowedAt, now)}.` : '',
    until ? `It goes ahead by itself at ${momentWords(until, now)}.` : '',
  ]
}

/** The keys that would go before their time, where the service asks first. */
function asksOf({ confirm, ends }: Fields, now: Date): ProblemError['asks'] {
  if (typeof confirm !== 'string' || confirm.length > 200 || !Array.isArray(ends)) return undefined
  return { confirm, ends: ends.slice(0, MOST_ENDS).map((each) => endWords(fieldsOf(each), now)) }
}

function endWords({ kid, from, instead }: Fields, now: Date): string {
  const name = cleanText(String(kid), 60)
  const [at, otherwise] = [dateOf(from), dateOf(instead)]
  if (!at) return `What key ${name} signs, and has signed, is good for less time once another key signs.`
  const not = otherwise ? `, and not from ${momentWords(otherwise, now)}` : ''
  return `What was signed with key ${name} is refused from ${momentWords(at, now)}${not}.`
}

function comeBack(waitMs: number | undefined): string {
  return waitMs === undefined ? '' : `Try again in ${lengthWords(waitMs)}.`
}

function sentence(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined
  const line = cleanText(text)
  if (line === '') return undefined
  return /[.!?]$/.test(line) ? line : `${line}.`
}

function dateOf(text: unknown): Date | undefined {
  const date = typeof text === 'string' ? new Date(text) : undefined
  return date && !Number.isNaN(date.getTime()) ? date : undefined
}
