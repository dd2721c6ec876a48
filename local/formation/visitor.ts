import { CookieJar } from 'tough-cookie'
import { ANSWERED_BY } from './balancer.ts'

/** What a visitor sees after a click: themselves, a stranger's page, or nothing; and which process answered. */
export type Click = { seen: 'logged-in' | 'logged-out' | 'nothing'; by: string }

/** Somebody with a browser, who keeps its cookies as browsers do and shows them to nobody but the app. */
export type Visitor = {
  click: () => Promise<Click>
  /** Whether the app let them in. */
  logIn: () => Promise<boolean>
}

const ANSWER_LIMIT_MS = 5_000

/** A visitor of the example app at this address. No call of theirs rejects. */
export function createVisitor(url: string): Visitor {
  const jar = new CookieJar()

  async function request(path: string, method: 'GET' | 'POST'): Promise<Response | undefined> {
    try {
      const place = new URL(path, url).href
      const answer = await fetch(place, {
        method,
        headers: { cookie: await jar.getCookieString(place) },
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      })
      await answer.body?.cancel()
      for (const cookie of answer.headers.getSetCookie())
        await jar.setCookie(cookie, place, { ignoreError: true })
      return answer
    } catch {
      return undefined
    }
  }

  return {
    async click() {
      const answer = await request('/', 'GET')
      const by = answer?.headers.get(ANSWERED_BY) ?? 'nobody'
      if (answer?.status === 200) return { seen: 'logged-in', by }
      return { seen: answer?.status === 401 ? 'logged-out' : 'nothing', by }
    },
    logIn: async () => (await request('/login', 'POST'))?.status === 303,
  }
}
