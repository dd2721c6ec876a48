import { type Static, Type } from 'typebox'
import { Moment, momentOf } from './schemas.ts'

/** The app whose other restarts the schedule waits for. */
export const WaitsForRestart = Type.Union([Type.Null(), Type.Object({ app: Type.String(), until: Moment })], {
  description:
    'Add-ons on one app do not restart it one straight after another: the schedule waits until then. Null where it waits for no restart; `app` is empty where only this add-on has restarted its apps.',
})

export function waitsForRestartView(
  waitsFor: { app: string; until: Date } | null,
): Static<typeof WaitsForRestart> {
  return waitsFor && { app: waitsFor.app, until: momentOf(waitsFor.until) }
}
