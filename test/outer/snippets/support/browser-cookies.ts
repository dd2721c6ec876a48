/** The cookies of one browser, as names and values. */
export type Cookies = Map<string, string>

/** Keeps what a response sets, and forgets what it deletes. */
export function keepCookies(cookies: Cookies, response: Response): void {
  for (const header of response.headers.getSetCookie()) {
    const [pair = '', ...attributes] = header.split(';')
    const at = pair.indexOf('=')
    const name = pair.slice(0, at).trim()
    const value = pair.slice(at + 1)
    if (value === '' || attributes.some(isOver)) cookies.delete(name)
    else cookies.set(name, value)
  }
}

/** The same cookies, each with one character of its value in another way. */
export function tamperedWith(cookies: Cookies): Cookies {
  const changed = [...cookies].map(([name, value]): [string, string] => {
    const at = Math.floor(value.length / 2)
    const other = value[at] === 'a' ? 'b' : 'a'
    return [name, value.slice(0, at) + other + value.slice(at + 1)]
  })
  return new Map(changed)
}

export function cookieHeader(cookies: Cookies): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
}

function isOver(attribute: string): boolean {
  const [name = '', value = ''] = attribute.trim().split('=')
  if (name.toLowerCase() === 'max-age') return Number(value) <= 0
  return name.toLowerCase() === 'expires' && Date.parse(value) < Date.now()
}
