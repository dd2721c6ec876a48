import { type Child, startChild } from './child.ts'
import type { Behaviour, HerokuCounts, HerokuQuestion, HerokuValues } from './fake-heroku.ts'

/** The stand-in for Heroku, in a process of its own. */
export type FakeHeroku = Child<{ url: string }>

export async function startFakeHeroku(): Promise<FakeHeroku> {
  return await startChild(new URL('./fake-heroku.ts', import.meta.url), null)
}

/** Forgets everything and behaves otherwise from now on; without faults and latency where nothing is said. */
export async function resetHeroku(heroku: FakeHeroku, behaviour: Partial<Behaviour>): Promise<void> {
  await ask(heroku, { ask: 'reset', behaviour: { latencyMs: 0, faultShare: 0, faults: [], ...behaviour } })
}

export const askCounts = (heroku: FakeHeroku): Promise<HerokuCounts> => ask(heroku, { ask: 'counts' })
export const askValues = (heroku: FakeHeroku): Promise<HerokuValues> => ask(heroku, { ask: 'values' })

function ask<Answer>(heroku: FakeHeroku, question: HerokuQuestion): Promise<Answer> {
  return heroku.ask<Answer>(question)
}
