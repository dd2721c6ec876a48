import type { Harness } from '../../support/harness.ts'
import { HOUR, MINUTE } from '../../support/harness.ts'
import type { Change } from '../interleaved-changes.ts'
import type { Work } from '../interleaved-works.ts'
import { type Pushes, pushesOf } from './aftermath.ts'
import { type Life, lifeOf } from './customer-app.ts'
import { type Death, mortalProcess, type Point } from './mortal-process.ts'
import { tickOf } from './ticks.ts'

/** An add-on of the group that a worker is at, and who comes in between. */
export type Subject = Life & { change: Change; before: { first: string; second: string } }

/** What comes in between at a point of the worker, and where it stands. */
export type Disturbance = (
  subjects: readonly Subject[],
  at: { backend: number | undefined },
) => Promise<{ ended?: Promise<unknown> }>

/** How it went, and what is sent to Heroku for each add-on from the beginning of the work on. */
export type Play = {
  points: Point[]
  reached: boolean
  log: string[]
  subjects: readonly (Subject & { sent: Pushes })[]
}

let plays = 0

function optionsOf({ grace, next, tokenLife }: Work) {
  return {
    ...(grace !== undefined && { grace }),
    ...(next && { next }),
    ...(tokenLife !== undefined && { tokenLife }),
  }
}

/**
 * One add-on for each change, and one tick of a worker that works on all of them as a group; at one point of it comes the
 * disturbance. Then time passes, other workers tick, and `look` sees what came of it. Nothing is left behind.
 */
export async function play(
  h: Harness,
  changes: readonly Change[],
  work: Work,
  at: { point: Point; disturb: Disturbance } | undefined,
  look: (played: Play) => Promise<void>,
): Promise<Point[]> {
  plays += 1
  const lives = await Promise.all(
    changes.map((_, number) => lifeOf(h, `app-${plays}-${number}`, optionsOf(work))),
  )
  await work.prepare(h, lives)
  const subjects = lives.flatMap((life, index) => {
    const change = changes[index]
    const heldBefore = h.heroku.view.addon(life.id).config
    const pushesBefore = life.pushed().length
    return change ? [{ ...life, change, before: life.held(), heldBefore, pushesBefore }] : []
  })
  const logged = h.logLines.length
  let reached = false
  let ended: Promise<unknown> | undefined
  const instead: Death['instead'] = async (where) => {
    reached = true
    ended = (await at?.disturb(subjects, where))?.ended
  }
  const worker = mortalProcess(h.deps, h.databaseUrl, at && { ...at.point, instead })
  // What a tick throws is logged by the scheduler, and the next start comes all the same.
  await tickOf(worker.deps).catch(() => undefined)
  await ended
  await worker.end()
  const log = h.logLines.slice(logged)
  for (const wait of [0, 2 * MINUTE, 2 * MINUTE, HOUR]) {
    h.clock.advance(wait)
    await tickOf(h.deps)
  }
  const played = await Promise.all(
    subjects.map(async (subject) => {
      return { ...subject, sent: await pushesOf(h, subject.id, subject.heldBefore, subject.pushesBefore) }
    }),
  )
  await look({ points: worker.points, reached, log, subjects: played })
  for (const { appName } of lives) await h.heroku.customer.destroyApp(appName)
  return worker.points
}
