import type { EventBus } from './event-bus.ts'
import type { App } from './world.ts'

/** What is known of an app's own processes, which the simulator does not run: one text for each app. */
export type Notes = {
  /** Puts the text on the app's card in the place of the one before; an empty text takes it away. */
  put: (app: App, text: string) => void
  /** Empty when there is none. */
  of: (app: App) => string
}

const LONGEST_NOTE = 500

/** Notes are kept in memory only: in the next run the processes are others. */
export function createNotes(events: EventBus): Notes {
  const notes = new WeakMap<App, string>()
  const of = (app: App) => notes.get(app) ?? ''
  return {
    put: (app, text) => {
      const note = cleaned(text)
      if (note === of(app)) return
      notes.set(app, note)
      events.emit({ type: 'note', app: app.name, appId: app.id, text: note })
    },
    of,
  }
}

/** One line without control characters, of a length that a card has room for. */
function cleaned(text: string): string {
  const line = text.slice(0, LONGEST_NOTE).replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
  return line.toWellFormed().trim()
}
