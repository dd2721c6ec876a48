import { type Fields, fieldsOf } from '../answers/fields.ts'
import { cleanText } from '../words/clean.ts'
import { lengthWords } from '../words/duration.ts'
import { listWords } from '../words/list.ts'
import { momentWords } from '../words/moment.ts'
import { waitOf } from './patience.ts'
import type { ServiceAnswer } from './request.ts'

const TYPE = /^urn:securekey:problem:([a-z0-9-]{1,60})$/

/** The service has refused. `problem` is its name for what is wrong, and the message is for people. */
export class ProblemError extends Error {
  readonly problem: string
  readonly status: number
  /** For how long it asks to wait. */
  readonly waitMs: number | undefined

  constructor(problem: string, status: number, message: string, waitMs?: number) {
    super(message)
    this.problem = problem
    this.status = status
    this.waitMs = waitMs
  }
}

/** The refusal that an answer is: problem details (RFC 9457), with the dates and apps that some of them name. */
export function problemOf(answer: ServiceAnswer, now: Date): ProblemError {
  const fields = fieldsOf(answer.body)
  const problem = TYPE.exec(String(fields.type))?.[1] ?? 'unknown'
  const title = sentence(fields.title) ?? `The service of the add-on answered with ${answer.status}.`
  const waitMs = waitOf(answer, now)
  const words = [title, sentence(fields.detail), ...factsOf(fields, now), comeBack(waitMs)]
  return new ProblemError(problem, answer.status, words.filter(Boolean).join(' '), waitMs)
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
