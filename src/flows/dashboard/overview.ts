import type { Calendar } from '../../domain/calendar.ts'
import type { CheckIn, KeyCount } from '../../domain/check-in.ts'
import type { GracePeriod } from '../../domain/grace.ts'
import type { Health } from '../../domain/health.ts'
import { type HistoryRow, ROTATION_ENDS } from '../../domain/history.ts'
import { waitsForRoom } from '../../domain/keyring-room.ts'
import { publishedPair } from '../../domain/keyset.ts'
import { isClosed } from '../../domain/own-key-watch.ts'
import type { Pause } from '../../domain/pause.ts'
import type { ResourceState } from '../../domain/resource-state.ts'
import type { OpenRotation } from '../../domain/rotation.ts'
import { waitsForRestart } from '../../domain/turn.ts'
import { nextServedAt, type Upcoming, upcomingRotations } from '../../domain/upcoming.ts'
import { listCheckIns, sumSightings } from '../../store/check-ins.ts'
import type { Db } from '../../store/database.ts'
import { listHistory } from '../../store/history.ts'
import { findState } from '../../store/keysets.ts'
import type { Resource } from '../../store/resources.ts'
import { findKeys } from '../../store/sealed-keys.ts'
import { gone, liveResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'
import { KEY_EVENTS, type KeyLife, keyLives } from '../key-lives.ts'
import { readHealth } from '../read-health.ts'

/** A page of a list, newest first; `olderThan` is the cursor of the next page, undefined on the last. */
export type Page<T> = { items: T[]; olderThan: number | undefined }

/** Everything that the dashboard's first page shows of a resource, as of one moment, without any secret. */
export type Overview = {
  resourceId: string
  name: string | null
  plan: string
  /** The ARN of the customer's own key that protects what is stored; null: ours do. */
  ownKeyArn: string | null
  /** That key is withdrawn or gone: nothing that is stored opens. */
  ownKeyClosed: boolean
  periodMs: number
  grace: GracePeriod
  graceFloorMs: number
  now: Date
  health: Health
  /** When the next rotation of the schedule is served: when nothing holds its due date back any more. */
  nextRotationAt: Date
  /** Its due date, from which the one after it is counted. */
  dueAt: Date
  calendar: Calendar
  /** The next five, as a worker would serve them. */
  upcoming: Upcoming[]
  pause: Pause | null
  /** The app whose other restarts the schedule waits for, and until when. */
  waitsFor: { app: string; until: Date } | null
  /** Until when a rotation would take out a key that is needed for a stated life; null: none would. */
  keysFullUntil: Date | null
  /** When a worker next looks at it. */
  wakeAt: Date | null
  /** The rotation under way, with its failed attempts. */
  rotation: RotationUnderWay | null
  /** The version in the second place of the config var. */
  second: number
  /** Somebody wants the next key to be announced. */
  announcesNext: boolean
  /** How long the longest thing lives that apps sign, where somebody has stated it. */
  tokenLifeMs: number | null
  /** The version that Heroku's keyring announces; null while it is on its way, and where there is none. */
  announced: number | null
  /** The newest versions, newest first. */
  keys: KeyLife[]
  /** What processes said within a day of the key that they sign with, the newest first. */
  checkIns: readonly CheckIn[]
  /** What they saw of keys within a day, where they count. */
  seen: readonly KeyCount[]
  /** Rotations that have ended. */
  rotations: Page<HistoryRow>
  history: Page<HistoryRow>
}

/** A rotation that has not ended. */
export type RotationUnderWay = OpenRotation & Pick<ResourceState, 'attempts' | 'failures'>

const UPCOMING_SHOWN = 5
const KEYS_SHOWN = 40
/** Each rotation is one row, and a filler or an erasure may come with it. */
const KEY_EVENTS_READ = 3 * KEYS_SHOWN
const ROTATIONS_ON_OVERVIEW = 5
const ROWS_ON_OVERVIEW = 6
const ROWS_PER_PAGE = 25

/** Reads all of it in one snapshot, so that no rotation is half done on the page. Throws `resource-gone`. */
export async function readOverview(deps: Deps, resourceId: string): Promise<Overview> {
  const snapshot = deps.db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
  return await snapshot.execute(async (trx) => {
    const resource = await liveResource(trx, resourceId)
    const stored = await findState(trx, resourceId)
    if (!stored) throw gone()
    const { state } = stored
    const now = deps.now()
    const keyEvents = await listHistory(trx, resourceId, { limit: KEY_EVENTS_READ, kinds: KEY_EVENTS })
    return {
      resourceId,
      name: resource.name,
      plan: resource.plan,
      ownKeyArn: resource.dek?.ownKey ? resource.dek.kekId : null,
      ownKeyClosed: resource.dek?.ownKey !== undefined && isClosed(resource.dek.ownKey),
      periodMs: resource.periodMs,
      grace: resource.grace,
      graceFloorMs: deps.settings.graceFloorMs,
      now,
      health: await readHealth(trx, resource, state, now),
      nextRotationAt: nextServedAt(state, now),
      dueAt: state.nextRotationAt,
      calendar: state.calendar,
      upcoming: upcomingRotations(
        { ...state, grace: resource.grace },
        resource.periodMs,
        now,
        UPCOMING_SHOWN,
      ),
      pause: state.pause,
      waitsFor: waitsForRestart(state.turn, now),
      keysFullUntil: waitsForRoom(state, state.rotation?.dueAt ?? state.nextRotationAt, now),
      wakeAt: state.wakeAt,
      rotation: state.rotation && { ...state.rotation, attempts: state.attempts, failures: state.failures },
      second: state.keyset.second.version,
      announcesNext: state.announcesNext,
      tokenLifeMs: state.tokenLifeMs,
      announced: publishedPair(state.keyset).next,
      keys: keyLives(state, await findKeys(trx, resourceId), keyEvents).slice(0, KEYS_SHOWN),
      checkIns: await listCheckIns(trx, resourceId),
      seen: await sumSightings(trx, resourceId),
      rotations: await rotationsPage(trx, { resourceId }, ROTATIONS_ON_OVERVIEW),
      history: await historyPage(trx, { resourceId }, ROWS_ON_OVERVIEW),
    }
  })
}

/** A page of the rotations of a resource that have ended, from behind the cursor on. Throws `resource-gone`. */
export async function readRotationsPage(deps: Deps, request: PageRequest): Promise<ListPage> {
  const page = await rotationsPage(deps.db, request, ROWS_PER_PAGE)
  return { resource: await liveResource(deps.db, request.resourceId), page }
}

/** A page of the history of a resource, from behind the cursor on. Throws `resource-gone`. */
export async function readHistoryPage(deps: Deps, request: PageRequest): Promise<ListPage> {
  const page = await historyPage(deps.db, request, ROWS_PER_PAGE)
  return { resource: await liveResource(deps.db, request.resourceId), page }
}

type PageRequest = { resourceId: string; olderThan?: number }
type ListPage = { resource: Resource; page: Page<HistoryRow> }

function rotationsPage(db: Db, request: PageRequest, size: number): Promise<Page<HistoryRow>> {
  return pageOf(size, (limit) =>
    listHistory(db, request.resourceId, { limit, kinds: ROTATION_ENDS, ...before(request) }),
  )
}

function historyPage(db: Db, request: PageRequest, size: number): Promise<Page<HistoryRow>> {
  return pageOf(size, (limit) => listHistory(db, request.resourceId, { limit, ...before(request) }))
}

/** One row more than is shown tells whether there is another page. */
async function pageOf(
  size: number,
  read: (limit: number) => Promise<HistoryRow[]>,
): Promise<Page<HistoryRow>> {
  const rows = await read(size + 1)
  const items = rows.slice(0, size)
  return { items, olderThan: rows.length > size ? items.at(-1)?.seq : undefined }
}

function before({ olderThan }: PageRequest): { before?: number } {
  return olderThan === undefined ? {} : { before: olderThan }
}
