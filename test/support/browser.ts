import type { SsoInput } from '../../simulator/src/sso-form.ts'
import type { Harness } from './harness.ts'

/** What a browser does, without one: keeps cookies, sends forms, does not follow redirects. */
export type Browser = {
  get: (path: string, headers?: Record<string, string>) => Promise<Answer>
  post: (path: string, form: Record<string, string>, headers?: Record<string, string>) => Promise<Answer>
  cookies: Map<string, string>
}

export type Answer = { status: number; headers: Headers; text: string; location: string }

export function createBrowser(harness: Pick<Harness, 'url'>): Browser {
  const cookies = new Map<string, string>()

  async function send(path: string, init: RequestInit): Promise<Answer> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(cookie && { cookie }), ...(init.headers as Record<string, string>) }
    const response = await fetch(new URL(path, harness.url), { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    const location = response.headers.get('location') ?? ''
    return { status: response.status, headers: response.headers, text: await response.text(), location }
  }

  return {
    cookies,
    get: (path, headers = {}) => send(path, { headers }),
    post: (path, form, headers = {}) =>
      send(path, { method: 'POST', body: new URLSearchParams(form), headers }),
  }
}

/** Signs a fresh browser on to an add-on, as a click on Heroku's page does. */
export async function signedIn(
  harness: Pick<Harness, 'url' | 'heroku'>,
  input: SsoInput,
): Promise<Browser & { base: string; token: () => Promise<string> }> {
  const browser = createBrowser(harness)
  const { location, status } = await browser.post('/sso/login', harness.heroku.customer.ssoForm(input).fields)
  if (status !== 302) throw new Error(`the sign-on was answered with ${status}`)
  return {
    ...browser,
    base: location,
    token: async () => formTokenIn((await browser.get(location)).text),
  }
}

/** The token that the forms of a page carry. */
export function formTokenIn(html: string): string {
  return /name="form_token" value="([^"]+)"/.exec(html)?.[1] ?? ''
}
