import {
  type Fields,
  fieldsOf,
  listIn,
  momentIn,
  momentOrNullIn,
  momentsIn,
  numberIn,
  numberOrNullIn,
  textIn,
  textOrNullIn,
} from './fields.ts'
import { windowsIn } from './windows.ts'

/** A key as `GET /v1/resource` tells it: never its text. */
export type Key = {
  kid: string
  version: number
  use: string
  madeAt: Date
  publishedAt: Date | null
  acceptedUntil: Date | null
}

export type Policy = {
  rotationPeriod: string
  gracePeriod: string
  leastGracePeriod: string
  announcesNext: boolean
  /** How long the longest thing lives that apps sign; `off`: nobody has stated it. */
  tokenLife: string
  /** In which the schedule restarts apps; none: at any time. */
  windows: string[]
  pause: { since: Date; until: Date | null; reason: string } | null
}

/** An app that has the keys, and which of them its release carries. */
export type App = {
  name: string
  configVar: string
  adoption: string
  release: number | null
  checkIns: CheckIn[]
}

/** What a process said of itself. `version` is null where the add-on has no such key. */
export type CheckIn = {
  process: string | null
  kid: string
  version: number | null
  at: Date
  fresh: boolean
}

/** What a rotation now ends: the key in the second place leaves, and what it signed is refused. */
export type WouldLogOut = {
  kid: string
  signedBefore: Date | null
  acceptedUntil: Date | null
  /** Apps that sign with it still. */
  apps: string[]
  /** Before, a rotation is refused. */
  possibleFrom: Date | null
}

/** The add-on, as `GET /v1/resource` tells it. `apps` is null where Heroku did not tell the service. */
export type Resource = {
  id: string
  name: string | null
  plan: string
  health: { state: string; heading: string; advice: string }
  rotatedAt: Date | null
  /** When the next one is served, and when it is due: earlier where something puts it off. */
  nextRotationAt: Date | null
  nextRotationDueAt: Date | null
  /** It waits for another restart of this app, until then. */
  waitsForRestart: { app: string; until: Date } | null
  /** When the next five are served. */
  nextRotations: Date[]
  rotation: string | null
  keys: Key[]
  policy: Policy
  apps: App[] | null
  /** Of processes that named none of these apps. */
  checkIns: CheckIn[]
  /** Null where nobody signs with the key that leaves. */
  wouldLogOut: WouldLogOut | null
}

export function readResource(answer: unknown): Resource {
  const fields = fieldsOf(answer)
  const health = fieldsOf(fields.health)
  return {
    id: textIn(fields, 'id'),
    name: textOrNullIn(fields, 'name'),
    plan: textIn(fields, 'plan'),
    health: {
      state: textIn(health, 'state'),
      heading: textIn(health, 'heading'),
      advice: textIn(health, 'advice'),
    },
    rotatedAt: momentOrNullIn(fields, 'rotated_at'),
    nextRotationAt: momentOrNullIn(fields, 'next_rotation_at'),
    nextRotationDueAt: momentOrNullIn(fields, 'next_rotation_due_at'),
    waitsForRestart: readWaitsForRestart(fields.waits_for_restart),
    nextRotations: momentsIn(fields, 'next_rotations'),
    rotation: textOrNullIn(fields, 'rotation'),
    keys: listIn(fields, 'keys', readKey),
    policy: readPolicy(fields.policy),
    apps: fields.apps === null ? null : listIn(fields, 'apps', readApp),
    checkIns: listIn(fields, 'check_ins', readCheckIn),
    wouldLogOut: fields.would_log_out === null ? null : readWouldLogOut(fields.would_log_out),
  }
}

/** Missing at a service that does not spread restarts yet. */
function readWaitsForRestart(answer: unknown): Resource['waitsForRestart'] {
  if (answer === null || answer === undefined) return null
  const fields = fieldsOf(answer)
  return { app: textIn(fields, 'app'), until: momentIn(fields, 'until') }
}

/** What a change of the schedule is answered with. */
export function readSchedule(answer: unknown): Pick<Resource, 'policy' | 'nextRotations'> {
  const fields = fieldsOf(answer)
  return { policy: readPolicy(fields.policy), nextRotations: momentsIn(fields, 'next_rotations') }
}

export function readPolicy(answer: unknown): Policy {
  const fields = fieldsOf(answer)
  return {
    rotationPeriod: textIn(fields, 'rotation_period'),
    gracePeriod: textIn(fields, 'grace_period'),
    leastGracePeriod: textIn(fields, 'least_grace_period'),
    announcesNext: fields.announces_next === true,
    tokenLife: textIn(fields, 'token_life'),
    windows: windowsIn(fields),
    pause: fields.pause === null || fields.pause === undefined ? null : readPause(fieldsOf(fields.pause)),
  }
}

function readPause(fields: Fields): Policy['pause'] {
  return {
    since: momentIn(fields, 'since'),
    until: momentOrNullIn(fields, 'until'),
    reason: textIn(fields, 'reason'),
  }
}

function readKey(item: unknown): Key {
  const fields = fieldsOf(item)
  return {
    kid: textIn(fields, 'kid'),
    version: numberIn(fields, 'version'),
    use: textIn(fields, 'use'),
    madeAt: momentIn(fields, 'made_at'),
    publishedAt: momentOrNullIn(fields, 'published_at'),
    acceptedUntil: momentOrNullIn(fields, 'accepted_until'),
  }
}

function readApp(item: unknown): App {
  const fields = fieldsOf(item)
  return {
    name: textIn(fields, 'name'),
    configVar: textIn(fields, 'config_var'),
    adoption: textIn(fields, 'adoption'),
    release: numberOrNullIn(fields, 'release'),
    checkIns: listIn(fields, 'check_ins', readCheckIn),
  }
}

function readCheckIn(item: unknown): CheckIn {
  const fields = fieldsOf(item)
  return {
    process: textOrNullIn(fields, 'process'),
    kid: textIn(fields, 'signs_with'),
    version: numberOrNullIn(fields, 'version'),
    at: momentIn(fields, 'at'),
    fresh: fields.fresh === true,
  }
}

function readWouldLogOut(answer: unknown): WouldLogOut {
  const fields = fieldsOf(answer)
  return {
    kid: textIn(fields, 'kid'),
    signedBefore: momentOrNullIn(fields, 'signed_before'),
    acceptedUntil: momentOrNullIn(fields, 'accepted_until'),
    apps: listIn(fields, 'apps', (app) => textIn(fieldsOf(app), 'name')),
    possibleFrom: momentOrNullIn(fields, 'possible_from'),
  }
}
