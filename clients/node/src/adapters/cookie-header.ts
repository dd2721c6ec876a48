/** The value of a cookie as the package `cookies` reads it: the first of that name, without quotes. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  const found = partsOf(header).find((part) => isNamed(part, name))
  if (found === undefined) return undefined
  const value = found.slice(found.indexOf('=') + 1)
  return value.startsWith('"') ? value.slice(1, -1) : value
}

/** The header without all cookies of that name. */
export function withoutCookie(header: string | undefined, name: string): string {
  return partsOf(header)
    .filter((part) => !isNamed(part, name))
    .join(';')
}

function partsOf(header: string | undefined): string[] {
  return header === undefined ? [] : header.split(';')
}

function isNamed(part: string, name: string): boolean {
  return part.replace(/^ +/, '').startsWith(`${name}=`)
}
