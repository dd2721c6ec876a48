/** Writes one line per event: a sentence fragment and its fields. Fields never hold a secret, sealed or not. */
export type Log = {
  info: (fields: object, event: string) => void
  warn: (fields: object, event: string) => void
  error: (fields: object, event: string) => void
  /** A line that is written for each resource: flat fields that hold no secret, so nothing is looked for in them. */
  event: (fields: Readonly<Record<string, string | number | Date | undefined>>, event: string) => void
}
