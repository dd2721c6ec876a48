import { differences, isNewEpoch, mayBePutBack } from '../../domain/installation.ts'
import type { Db } from '../../store/database.ts'
import {
  findOrMakeInstallation,
  noteAlive,
  raiseEpoch,
  readPlace,
  type ServicePlace,
} from '../../store/installation.ts'
import type { Log } from '../log.ts'

/** Where this process stands. With a difference it calls nobody at Heroku, and provisions nothing. */
export type Standing = {
  epoch: number
  /** When the epoch began. */
  since: Date
  differs: readonly string[]
}

export type Installation = {
  /** Asks the database which one it is. `alive`: a worker asks, so the installation is alive. */
  look: (options?: { alive?: boolean }) => Promise<Standing>
  /**
   * The same, but not more often than every ten seconds, and at once in between. A new connection may lead to another
   * server, so after one it asks again.
   */
  lookNow: (options?: { alive?: boolean }) => Standing | Promise<Standing>
  /** What the last look came to. Before the first one: nobody may be called. */
  standing: () => Standing
  /** A new connection was made. */
  noteConnection: () => void
}

const LOOK_EVERY_MS = 10_000
const ALIVE_EVERY_MS = 60_000
/** A look may need a new connection itself. */
const MOST_LOOKS = 3
const NOT_LOOKED: Standing = {
  epoch: 0,
  since: new Date(0),
  differs: ['the database has not been asked yet'],
}

/** The installation as this process sees it. The database's clock counts; `now` only spaces the looks. */
export function createInstallation(db: Db, place: ServicePlace, log: Log, now: () => Date): Installation {
  let standing = NOT_LOOKED
  let lookedAtMs = Number.NEGATIVE_INFINITY
  let looking: Promise<Standing> | undefined
  let connections = 0
  let connectionsLookedAt = 0

  async function look({ alive = false }: { alive?: boolean } = {}): Promise<Standing> {
    const connectionsAtStart = connections
    const present = { ...(await readPlace(db)), ...place }
    let known = await findOrMakeInstallation(db, present)
    const differs = differences(known, present)
    const isNew = isNewEpoch(known, present, known.idleMs) || mayBePutBack(known, present)
    if (differs.length === 0 && isNew) {
      await raiseEpoch(db, known.epoch, present)
      const before = known.epoch
      known = await findOrMakeInstallation(db, present)
      log.warn({ epoch: known.epoch, before }, 'new epoch: Heroku is read before each next push')
    } else if (differs.length === 0 && alive && known.idleMs > ALIVE_EVERY_MS) {
      await noteAlive(db)
    }
    if (differs.length > 0 && standing.differs.join() !== differs.join()) {
      log.error({ differs }, 'another installation: nobody is called before "installation confirm"')
    }
    standing = { epoch: known.epoch, since: known.since, differs }
    lookedAtMs = now().getTime()
    connectionsLookedAt = connectionsAtStart
    return standing
  }

  /** Whoever asks while a look is under way gets what it comes to. */
  function sharedLook(options?: { alive?: boolean }): Promise<Standing> {
    looking ??= look(options).finally(() => {
      looking = undefined
    })
    return looking
  }

  const isPresent = () =>
    connectionsLookedAt === connections && Math.abs(now().getTime() - lookedAtMs) < LOOK_EVERY_MS

  async function presentLook(options?: { alive?: boolean }): Promise<Standing> {
    for (let looks = 0; looks < MOST_LOOKS && !isPresent(); looks += 1) await sharedLook(options)
    return standing
  }

  return {
    look,
    lookNow: (options) => (isPresent() ? standing : presentLook(options)),
    standing: () => standing,
    noteConnection: () => {
      connections += 1
    },
  }
}

/** Makes this process's place the one of the installation, in a new epoch: a person knows that no other one runs. */
export async function confirmInstallation(db: Db, place: ServicePlace): Promise<{ confirmed: string[] }> {
  const present = { ...(await readPlace(db)), ...place }
  const known = await findOrMakeInstallation(db, present)
  const differs = differences(known, present)
  if (differs.length > 0) await raiseEpoch(db, known.epoch, present)
  return { confirmed: differs }
}
