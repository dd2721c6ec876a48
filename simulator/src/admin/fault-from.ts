import type { Fault, FaultMatch } from '../faults.ts'
import { objectFrom, optionalText, optionalTexts, requiredNumber } from '../fields.ts'
import { invalidParams } from '../heroku-error.ts'

type Fields = Record<string, unknown>

/** Every kind of fault, for the page's form and for checking what comes by HTTP. */
export const FAULT_KINDS: readonly Fault['kind'][] = [
  'status',
  'latency',
  'lost-answer',
  'status-after-write',
  'cut',
  'hang',
  'garbage-body',
  'truncated-body',
  'delayed-apply',
  'redirect',
]

/**
 * A fault from JSON or a form. JSON has no patterns and no infinity: `match.path` may be `{ "pattern": "config$" }`,
 * and `times` may be `"Infinity"`. A form names the parts of the match at the top: `method`, `path`, `addon`.
 */
export function faultFrom(fields: Fields): Fault {
  const base = {
    match: matchFrom({ ...fields, ...objectFrom(fields.match) }),
    ...(given(fields, 'times') ? { times: timesFrom(fields) } : {}),
    ...(given(fields, 'probability') ? { probability: Number(fields.probability) } : {}),
  }
  const status = given(fields, 'status') ? { status: requiredNumber(fields, 'status') } : {}
  const apply = given(fields, 'apply') ? { apply: fields.apply === true || fields.apply === 'true' } : {}
  const kind = FAULT_KINDS.find((candidate) => candidate === fields.kind)
  switch (kind) {
    case 'status':
      return {
        ...base,
        kind,
        status: requiredNumber(fields, 'status'),
        ...optionalTexts(fields, ['id', 'message']),
        ...(given(fields, 'retryAfter') ? { retryAfter: requiredNumber(fields, 'retryAfter') } : {}),
        ...(fields.body === undefined ? {} : { body: fields.body }),
      }
    case 'latency':
      return { ...base, kind, ms: requiredNumber(fields, 'ms') }
    case 'status-after-write':
      return { ...base, kind, ...status }
    case 'redirect':
      return { ...base, kind, ...status, ...optionalTexts(fields, ['location']) }
    case 'hang':
    case 'garbage-body':
      return { ...base, kind, ...apply }
    case 'delayed-apply':
      return { ...base, kind, answer: fields.answer === 'hang' ? 'hang' : 'cut' }
    case 'lost-answer':
    case 'cut':
    case 'truncated-body':
      return { ...base, kind }
    case undefined:
      throw invalidParams(`kind must be one of ${FAULT_KINDS.join(', ')}.`)
  }
}

/** A fault as JSON can carry it: the reverse of `faultFrom`. */
export function faultAsJson(fault: Fault): Fields {
  const { match = {}, times, ...rest } = fault
  const path = match.path instanceof RegExp ? { pattern: match.path.source } : match.path
  return {
    ...rest,
    match: { ...match, ...(path === undefined ? {} : { path }) },
    ...(times === undefined ? {} : { times: Number.isFinite(times) ? times : 'Infinity' }),
  }
}

function matchFrom(fields: Fields): FaultMatch {
  const pattern = optionalText(objectFrom(fields.path), 'pattern')
  const path = pattern === undefined ? optionalText(fields, 'path') : new RegExp(pattern)
  return {
    ...optionalTexts(fields, ['method', 'addon', 'grantType']),
    ...(path === undefined ? {} : { path }),
    ...(fields.by === 'customer' ? { by: 'customer' as const } : {}),
  }
}

function timesFrom(fields: Fields): number {
  return fields.times === 'Infinity' ? Number.POSITIVE_INFINITY : requiredNumber(fields, 'times')
}

function given(fields: Fields, name: string): boolean {
  return fields[name] !== undefined && fields[name] !== null && fields[name] !== ''
}
