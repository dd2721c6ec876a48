import type { SsoInput } from '../../../simulator/src/sso-form.ts'
import type { Scope } from '../../../src/domain/api-token.ts'
import type { Harness } from '../../support/harness.ts'

export type SignedOn = {
  token: string
  expires_at: string
  api: string
  resource: { id: string; name: string | null }
  user: { email: string | null } | null
  scopes: Scope[]
}

/** Posts a form of Heroku's as a program does that would rather have JSON. */
export async function postForm(
  h: Pick<Harness, 'url'>,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const response = await fetch(`${h.url}/sso/login`, {
    method: 'POST',
    headers: { accept: 'application/json', ...headers },
    body: new URLSearchParams(fields),
    redirect: 'manual',
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : { text } }
}

/** Ann, signed on by the command line; the same person once a second at the most, as each form is good for one sign-on. */
export async function signedOnByCommandLine(
  h: Pick<Harness, 'url' | 'heroku'> & { addon: { id: string } },
  input: Partial<SsoInput> = {},
): Promise<SignedOn> {
  const ann = { addon: h.addon.id, userId: 'ann', email: 'ann@example.com' }
  const answer = await postForm(h, h.heroku.customer.ssoForm({ ...ann, ...input }).fields)
  if (answer.status !== 200) throw new Error(`the sign-on was answered with ${answer.status}`)
  return answer.body as SignedOn
}
