import type { GracePeriod } from '../domain/grace.ts'
import type { Plan } from '../domain/plan.ts'
import type { Identity } from '../heroku/identity.ts'
import type { Platform } from '../heroku/platform.ts'
import type { Sealing } from '../sealing/sealing.ts'
import type { Db } from '../store/database.ts'

/** Writes one line per event: a sentence fragment and its fields. Fields never hold a secret, sealed or not. */
export type Log = {
  info: (fields: object, event: string) => void
  warn: (fields: object, event: string) => void
  error: (fields: object, event: string) => void
  /** A line that is written for each resource: flat fields that hold no secret, so nothing is looked for in them. */
  event: (fields: Readonly<Record<string, string | number | Date | undefined>>, event: string) => void
}

/** The part of the settings on which use cases depend. */
export type FlowSettings = {
  configVar: string
  configVarsPrefix: string
  plans: readonly Plan[]
  defaultGrace: GracePeriod
  /** The least grace period that a customer may choose, and the least age at which a key may be displaced by hand. */
  graceFloorMs: number
}

/** Everything a use case needs from outside. Time and randomness are among it, so that a test can hold both still. */
export type Deps = {
  db: Db
  now: () => Date
  random: (bytes: number) => Buffer
  sealing: Sealing
  identity: Identity
  platform: Platform
  log: Log
  settings: FlowSettings
}
