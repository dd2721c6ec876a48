import type { App } from '../answers/resource.ts'
import { listWords } from '../words/list.ts'
import type { Paint } from './paint.ts'

/** What is said of an app, by which key its release carries. */
export const ADOPTION: Readonly<Record<string, string>> = {
  current: 'runs the current key',
  previous: 'still runs the previous key',
  'not-yet': 'runs neither of the two keys',
  'not-visible': 'Heroku does not show which key it runs',
}

/** One line for an app: its config var, and which key its release carries. */
export function appLine(app: App, paint: Paint): string {
  return `${paint.app(app.name)}::${paint.attachment(app.configVar)} ${adoptionWords(app, paint)}`
}

function adoptionWords({ adoption, release }: Pick<App, 'adoption' | 'release'>, paint: Paint): string {
  const words = ADOPTION[adoption] ?? adoption
  if (adoption === 'current') return paint.success(release === null ? words : `${words} (v${release})`)
  return adoption === 'not-visible' ? paint.inactive(words) : paint.warning(words)
}

/** A sentence about the apps of which nobody can tell which key they run; undefined where there are none. */
export function hiddenWords({ apps }: { apps: readonly App[] | null }): string | undefined {
  const unseen = (apps ?? []).filter(({ adoption }) => adoption === 'not-visible')
  const hidden = [...new Set(unseen.map(({ name }) => name))]
  if (hidden.length === 0) return undefined
  return `Heroku does not show which key ${listWords(hidden)} ${hidden.length === 1 ? 'runs' : 'run'}.`
}
