/** A file of clients/vectors/cookies; clients/vectors/README.md says what its fields mean. */
export type CookieFile = {
  format: string
  framework: string
  version: string
  made_by: string
  entries: CookieEntry[]
}

export type CookieEntry = {
  name: string
  state: string
  now: number
  cookies: Record<string, string>
  says: unknown
  accepted_in: string[]
  refused_in: string[]
}
