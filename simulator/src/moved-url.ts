/** The same path on another origin. */
export function movedUrl(url: string, origin: string): string {
  return new URL(new URL(url).pathname, origin).href
}
