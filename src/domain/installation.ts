/** Everything by which an installation is known again. */
export type Identity = {
  systemIdentifier: string | null
  databaseOid: string
  timeline: string | null
  server: string | null
  herokuApi: string
  herokuId: string
  addonId: string
  addonUrl: string
}

/** What each part is called where it differs; without these the service calls nobody until a person confirms. */
const PARTS = {
  systemIdentifier: 'another Postgres cluster',
  databaseOid: 'another database',
  herokuApi: 'another HEROKU_API_URL',
  herokuId: 'another HEROKU_ID_URL',
  addonId: 'another add-on id',
  addonUrl: 'another ADDON_URL',
} as const

/**
 * What makes this another installation than the one that is written down: a copy of its database, or its database under
 * other settings. What the database does not tell is not compared.
 */
export function differences(known: Identity, present: Identity): string[] {
  const parts = Object.keys(PARTS) as (keyof typeof PARTS)[]
  return parts
    .filter((part) => known[part] !== null && present[part] !== null && known[part] !== present[part])
    .map((part) => PARTS[part])
}

/** Longer without a worker, and what is stored may not be the present: a backup, or a copy that was asleep. */
const LONGEST_SILENCE_MS = 10 * 60_000

/**
 * Whether this may not be the present that Heroku knows, though it is the same installation: after a failover (another
 * timeline or server), or when no worker was alive for ten minutes.
 */
export function isNewEpoch(known: Identity, present: Identity, idleMs: number): boolean {
  const moved = (a: string | null, b: string | null) => a !== null && b !== null && a !== b
  return (
    idleMs > LONGEST_SILENCE_MS ||
    moved(known.timeline, present.timeline) ||
    moved(known.server, present.server)
  )
}

/** When the Postgres server was started, and whether the row still stands there as the service wrote it. */
export type Continuity = { serverStarted: string; asWritten: boolean }

/**
 * Whether the database may have been put back, however fresh its heartbeat is: a restore writes the row by a transaction
 * of its own, and files that are put back need a server that is started anew. So do commits that a crash has lost.
 */
export function mayBePutBack(known: Continuity, present: Pick<Continuity, 'serverStarted'>): boolean {
  return !known.asWritten || known.serverStarted !== present.serverStarted
}
