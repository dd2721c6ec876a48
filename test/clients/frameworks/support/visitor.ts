import { request as send } from 'undici'

const LIMITS = { headersTimeout: 30_000, bodyTimeout: 30_000 }

/** What a browser keeps of one cookie, and how it was set. */
export type KeptCookie = { value: string; attributes: Record<string, string>; endsAtMs: number }

export type Answer = { status: number; body: string; setCookies: string[] }

/** A browser: it keeps cookies by name until they end, and sends all of them. */
export type Visitor = ReturnType<typeof createVisitor>

export function createVisitor() {
  const jar = new Map<string, KeptCookie>()
  const header = () => {
    for (const [name, { endsAtMs }] of jar) if (endsAtMs <= Date.now()) jar.delete(name)
    return [...jar].map(([name, { value }]) => `${name}=${value}`).join('; ')
  }
  const take = (setCookies: readonly string[]) => {
    for (const text of setCookies) {
      const [name, cookie] = readSetCookie(text)
      if (cookie.endsAtMs <= Date.now()) jar.delete(name)
      else jar.set(name, cookie)
    }
  }
  const ask = async (url: string, path: string, method = 'GET'): Promise<Answer> => {
    const answer = await request(`${url}${path}`, { method, cookie: header() })
    take(answer.setCookies)
    return answer
  }
  return {
    jar,
    header,
    take,
    ask,
    login: (url: string, user = 'alice') => ask(url, `/login?user=${user}`, 'POST'),
    logout: (url: string) => ask(url, '/logout', 'POST'),
    /** Who the app takes the visitor for. */
    visit: async (url: string): Promise<string> => (await ask(url, '/')).body,
    /** Requests of one page at the same time, all with the same cookies. */
    visitInParallel: async (url: string, times: number): Promise<Answer[]> => {
      const cookie = header()
      return await Promise.all(Array.from({ length: times }, () => request(`${url}/`, { cookie })))
    },
    closeBrowser: () => {
      for (const [name, { endsAtMs }] of jar) if (endsAtMs === Infinity) jar.delete(name)
    },
  }
}

/** One request with a cookie header of any content. The app believes that it came by https, unless told otherwise. */
export async function request(
  url: string,
  { method = 'GET', cookie = '', scheme = 'https' }: { method?: string; cookie?: string; scheme?: string },
): Promise<Answer> {
  const headers = { 'x-forwarded-proto': scheme, ...(cookie && { cookie }) }
  const response = await send(url, { method: method as 'GET', headers, reset: true, ...LIMITS })
  return {
    status: response.statusCode,
    body: await response.body.text(),
    setCookies: [response.headers['set-cookie'] ?? []].flat(),
  }
}

export function readSetCookie(text: string): [string, KeptCookie] {
  const [pair = '', ...rest] = text.split('; ')
  const attributes = Object.fromEntries(
    rest.map((part) => {
      const [name = '', value = ''] = part.split('=', 2)
      return [name.toLowerCase(), value]
    }),
  )
  const at = pair.indexOf('=')
  const cookie = { value: pair.slice(at + 1), attributes, endsAtMs: endOf(attributes) }
  return [pair.slice(0, at), cookie]
}

function endOf({ expires, 'max-age': maxAge }: Record<string, string>): number {
  if (maxAge !== undefined) return Date.now() + Number(maxAge) * 1_000
  return expires === undefined ? Infinity : Date.parse(expires)
}
