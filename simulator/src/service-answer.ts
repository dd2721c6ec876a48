import { HerokuError } from './heroku-error.ts'
import type { ServiceAnswer } from './service-client.ts'

/** What a provision or plan-change answer says, once it has been found to keep to the contract. */
export type GoodAnswer = {
  id: string | null
  config: Record<string, string>
  message: string | null
  /** 202: the service will finish later and sends no config now. */
  pending: boolean
}

/**
 * Checks an answer of the service (Add-on Partner API Reference): 2xx, JSON, an id where one is due, only declared
 * config names, only string values. A refusal is thrown as the text that the customer would see.
 */
export function checkServiceAnswer(
  answer: ServiceAnswer,
  rules: { configVars: string[]; idRequired: boolean },
): GoodAnswer {
  if (answer.failure !== null)
    throw refused('Could not communicate with vendor, please try again later', answer, answer.failure)
  const body = asObject(answer.json)
  if (answer.status < 200 || answer.status > 299) throw refused(customerText(answer.status, body), answer)
  if (body === undefined) throw broken('the body is not a JSON object', answer)
  const id = typeof body.id === 'number' ? String(body.id) : body.id
  if (rules.idRequired && (typeof id !== 'string' || id === '')) throw broken('the id is missing', answer)
  const pending = answer.status === 202
  if (pending && body.config !== undefined) throw broken('a 202 may not carry config', answer)
  return {
    id: typeof id === 'string' ? id : null,
    config: pending ? {} : checkedConfig(body.config, rules.configVars, answer),
    message: typeof body.message === 'string' ? body.message : null,
    pending,
  }
}

/** The message shown for a refusal: the service's own for 422 and 503, a standard text for anything else. */
function customerText(status: number, body: Record<string, unknown> | undefined): string {
  const shown = (status === 422 || status === 503) && typeof body?.message === 'string'
  return shown ? String(body.message) : 'Could not communicate with vendor, please try again later'
}

function checkedConfig(config: unknown, declared: string[], answer: ServiceAnswer): Record<string, string> {
  if (config === undefined || config === null) return {}
  const object = asObject(config)
  if (object === undefined) throw broken('config is not an object', answer)
  const checked: Record<string, string> = {}
  for (const [name, value] of Object.entries(object)) {
    if (!declared.includes(name)) throw broken(`config var ${name} is not declared in the manifest`, answer)
    if (typeof value !== 'string') throw broken(`config var ${name} is not a string`, answer)
    checked[name] = value
  }
  return checked
}

/** The error of a customer's action that the service refused; `partner` tells a test what really happened. */
export function refused(
  message: string,
  answer: ServiceAnswer,
  reason = `the service answered ${answer.status}`,
): HerokuError {
  return new HerokuError(422, 'vendor_error', message, {
    partner: { status: answer.status, reason, body: answer.json },
  })
}

function broken(reason: string, answer: ServiceAnswer): HerokuError {
  return refused('Could not communicate with vendor, please try again later', answer, reason)
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}
