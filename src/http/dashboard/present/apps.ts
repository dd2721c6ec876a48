import { appOfCheckIn } from '../../../domain/check-in.ts'
import { attachedName } from '../../../domain/config-vars.ts'
import { failureWords } from '../../../domain/failure-words.ts'
import type { AppsAnswer } from '../../../flows/dashboard/attached-apps.ts'
import type { Overview } from '../../../flows/dashboard/overview.ts'
import { type Said, saidModel } from './check-ins.ts'
import { counted, type Moment, momentOf, precisionOf } from './time-words.ts'

export type AppRow = {
  name: string
  configVar: string
  release: string
  since: Moment | null
  said: Said
}

/** The attached apps, or why they are not known. */
export type AppsModel = {
  rows: AppRow[]
  /** Of processes that named none of these apps. */
  elsewhere: Said
  note: string
  /** It is no trouble that they are not known. */
  calm: boolean
  /** "service-1 and service-2": what a rotation restarts. */
  restarts: string
}

const NAMED = 5
/** The legacy partner API says nothing of apps, so time alone decides when a key leaves. */
const NOT_OFFERED =
  'Heroku’s older partner API, over which this add-on runs, does not say which apps hold the keys or which release they run. A new key restarts every attached app. The key before it leaves when its grace period ends or at the next rotation, whether or not each app has taken the new one by then; only processes with live pick-up can say that they still sign with it.'

export function appsModel(
  answer: AppsAnswer,
  addon: { configVar: string; prefix: string },
  overview: Overview,
): AppsModel {
  const { now, checkIns } = overview
  const precision = precisionOf(overview)
  const attached = answer.outcome === 'known' ? answer.apps : []
  const ofApp = Map.groupBy(checkIns, (each) => appOfCheckIn(each, attached)?.appId)
  const said = (appId?: string) => saidModel(ofApp.get(appId) ?? [], overview)
  if (answer.outcome === 'unknown') {
    const unknown = { rows: [], elsewhere: said(), restarts: 'every attached app' }
    if (answer.because === 'not-offered') return { ...unknown, note: NOT_OFFERED, calm: true }
    const why =
      answer.because === 'slow'
        ? 'Heroku took longer than two seconds to answer, so we'
        : `${failureWords(answer.because)} We`
    // What the first panel says of a lost access, no reload brings back.
    const reload = answer.because === 'no-access-token' ? '' : ' Reload to try again.'
    const note = `${why} can’t list the attached apps right now. Your keys are not affected.${reload}`
    return { ...unknown, note, calm: false }
  }
  const rows = attached.map(({ appId, appName, attachmentName, key }): AppRow => {
    const row = {
      name: appName,
      configVar: attachedName(addon.configVar, addon.prefix, attachmentName),
      since: null,
      said: said(appId),
    }
    if (key.seen === 'on-release') {
      const { version, createdAt } = key.release
      return { ...row, release: `v${version}`, since: momentOf(createdAt, now, precision) }
    }
    if (key.seen === 'on-former')
      return { ...row, release: 'runs a release that signs with the previous key' }
    if (key.seen === 'not-yet') return { ...row, release: 'no release with the current key yet' }
    return { ...row, release: 'release not visible to securekey' }
  })
  const names = [...new Set(rows.map(({ name }) => name))]
  return { rows, elsewhere: said(), note: '', calm: false, restarts: restartWords(names) }
}

function restartWords(names: string[]): string {
  if (names.length === 0) return 'every attached app'
  if (names.length > NAMED) return `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`
  const last = names.at(-1)
  return names.length === 1 ? `${last}` : `${names.slice(0, -1).join(', ')} and ${last}`
}

/** "2 apps". */
export function appCount(rows: readonly AppRow[]): string {
  return counted(new Set(rows.map(({ name }) => name)).size, 'app')
}
