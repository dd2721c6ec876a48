/** The address that a text is; undefined for anything else. (`URL.parse` is not in Node 20.) */
export function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}
