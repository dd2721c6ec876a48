import { fieldsOf, momentIn, textIn, textOrNullIn, textsIn } from '../answers/fields.ts'
import type { SignOnForm } from '../heroku/sign-on-form.ts'
import type { Surroundings } from '../surroundings.ts'
import { urlOf } from '../words/url.ts'
import { askPatiently } from './patience.ts'
import { ProblemError, problemOf } from './problem.ts'
import type { Send, ServiceRequest } from './request.ts'

/** Who signed on, to what, and the token of a quarter of an hour that the service gave for it. It is kept in memory alone. */
export type SignedOn = {
  token: string
  expiresAt: Date
  /** Where the API is, without a slash at its end. */
  api: string
  resource: { id: string; name: string | null }
  email: string | null
  scopes: string[]
}

const LONGEST_TOKEN = 500

type Options = { send: Send; userAgent: string; surroundings: Surroundings }

/** A form is dated to the second and good for one sign-on, so two commands of a person in one second have the same. */
const FORMS_TRIED = 3
const ANOTHER_FORM_AFTER_MS = 1_100

/** Signs on by a form that nobody else has used: where one is refused, with another one a second later, twice at the most. */
export async function signOnOnce(
  askForForm: () => Promise<SignOnForm>,
  addonId: string,
  options: Options,
): Promise<SignedOn> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await signOn(await askForForm(), addonId, options)
    } catch (error) {
      const isRefused = error instanceof ProblemError && error.problem === 'sign-on-refused'
      if (!isRefused || tries === FORMS_TRIED) throw error
      await options.surroundings.sleep(ANOTHER_FORM_AFTER_MS)
    }
  }
}

/**
 * Trades a form that Heroku has signed for a token. The request carries the form and nothing of the user's at Heroku.
 * Throws where the service refuses, and where its answer is about another add-on or names an API at another place.
 */
export async function signOn(
  form: SignOnForm,
  addonId: string,
  { send, userAgent, surroundings }: Options,
): Promise<SignedOn> {
  const request = requestOf(form, userAgent)
  const answer = await askPatiently(() => send(request), surroundings)
  if (answer.status !== 200) {
    const { host } = form.action
    if (answer.body === undefined) throw new Error(`${host} answered the sign-on with ${answer.status}.`)
    throw problemOf(answer, surroundings.now())
  }
  const fields = fieldsOf(answer.body)
  const resource = fieldsOf(fields.resource)
  const id = textIn(resource, 'id')
  if (id !== addonId) throw new Error('The service signed on to another add-on. Nothing was done.')
  const api = urlOf(textIn(fields, 'api'))
  if (api?.origin !== form.action.origin) {
    throw new Error('The service names an API at another place. Nothing was sent there.')
  }
  return {
    token: tokenIn(fields.token),
    expiresAt: momentIn(fields, 'expires_at'),
    api: `${api.origin}${api.pathname.replace(/\/+$/, '')}`,
    resource: { id, name: textOrNullIn(resource, 'name') },
    email: textOrNullIn(fieldsOf(fields.user), 'email'),
    scopes: textsIn(fields, 'scopes'),
  }
}

function requestOf({ action, method, params }: SignOnForm, userAgent: string): ServiceRequest {
  const headers = { accept: 'application/json', 'user-agent': userAgent }
  const fields = new URLSearchParams(params)
  if (method === 'post') {
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    return { method: 'POST', url: action, headers: { ...headers, ...type }, body: fields.toString() }
  }
  const url = new URL(action)
  for (const [name, value] of fields) url.searchParams.set(name, value)
  return { method: 'GET', url, headers }
}

/** What may stand in a header. */
function tokenIn(value: unknown): string {
  if (typeof value === 'string' && value.length <= LONGEST_TOKEN && /^[!-~]+$/.test(value)) return value
  throw new Error('The service gave no token.')
}
