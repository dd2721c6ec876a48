import type { RequestListener } from 'node:http'

export type Tokens = {
  make: (user: string) => Promise<string>
  /** Throws for a token that is not good. */
  read: (token: string) => Promise<string | undefined>
}

/** An app that keeps a token in a cookie and never makes it anew. */
export function tokenListener({ make, read }: Tokens): RequestListener {
  return async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (url.pathname === '/login') {
      response.setHeader('set-cookie', `token=${await make(url.searchParams.get('user') ?? '')}; Path=/`)
      response.end('welcome')
    } else if (url.pathname === '/logout') {
      response.setHeader('set-cookie', 'token=; Path=/; Max-Age=0').end('bye')
    } else {
      const token = /(?:^|; *)token=([^;]*)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
      response.end((await read(token).catch(() => undefined)) ?? 'nobody')
    }
  }
}
