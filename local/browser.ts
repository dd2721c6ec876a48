import { CookieJar } from 'tough-cookie'

/** A page as it was sent: redirects are not followed, and a page may be shown without its text. */
export type Page = { url: string; status: number; headers: Headers; text: string }

/** Keeps cookies as browsers do, and shows each to its own site alone. */
export type Browser = {
  get: (url: string) => Promise<Page>
  /** Sends a form. */
  post: (url: string, fields?: Record<string, string>) => Promise<Page>
}

const ANSWER_LIMIT_MS = 5_000

/** A browser that nobody has used yet. What it is asked for rejects when there is no answer in time. */
export function createBrowser(): Browser {
  const jar = new CookieJar()

  async function request(url: string, method: 'GET' | 'POST', body?: URLSearchParams): Promise<Page> {
    const answer = await fetch(url, {
      method,
      headers: { cookie: await jar.getCookieString(url) },
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      ...(body && { body }),
    })
    for (const cookie of answer.headers.getSetCookie())
      await jar.setCookie(cookie, url, { ignoreError: true })
    return { url, status: answer.status, headers: answer.headers, text: await answer.text() }
  }

  return {
    get: (url) => request(url, 'GET'),
    post: (url, fields = {}) => request(url, 'POST', new URLSearchParams(fields)),
  }
}
