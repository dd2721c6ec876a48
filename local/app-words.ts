import type { View } from '../simulator/src/index.ts'
import { type Entry, RANK } from './entry.ts'
import { keyLines } from './key-words.ts'

/** How the apps stand, for a run that goes on with the data of an earlier one. */
export function tellApps(view: View, at: Date): Entry[] {
  return view.apps().map((app): Entry => {
    const ours = view.appAttachments(app.name).flatMap(({ configVars }) => configVars)
    const config = Object.entries(view.configVars(app.name)).filter(([name]) => ours.includes(name))
    const details = config.flatMap(([name, value]) => keyLines(name, value))
    return { at, rank: RANK.atHeroku, who: app.name, text: `found on release v${app.version}`, details }
  })
}
