import type { Freeze } from '../answers/freezes.ts'
import type { Policy, Resource } from '../answers/resource.ts'
import { dateWords, momentWords } from '../words/moment.ts'
import { appLine } from './apps.ts'
import { freezeWords, nextRotationWords, windowWords } from './calendar.ts'
import type { Paint } from './paint.ts'

/** In these states nothing has to be done. */
export const FINE: readonly string[] = ['well', 'rotating', 'paused']

/** What `securekey:info` prints, by label. */
export function infoOf(
  resource: Resource,
  freezes: readonly Freeze[],
  now: Date,
  paint: Paint,
): Record<string, string | string[] | null> {
  const { plan, health, keys, rotatedAt, nextRotations, rotation, policy, apps } = resource
  const fine = FINE.includes(health.state)
  const signing = keys.find(({ use }) => use === 'sign')
  const after = nextRotations.slice(1).map(dateWords)
  return {
    Plan: `securekey:${plan}`,
    Health: fine ? paint.success(health.heading) : paint.failure(health.heading),
    'What to do': fine ? null : health.advice,
    'Signs with': signing ? `key ${paint.name(signing.kid)}, version ${signing.version}` : 'no key',
    'Rotated at': rotatedAt && momentWords(rotatedAt, now),
    'Next rotation': nextRotationWords(resource, now),
    'After that': after.length === 0 ? null : after,
    Windows: windowWords(policy),
    Freezes: freezes.length === 0 ? 'none' : freezes.map(freezeWords),
    'Under way': rotation && `rotation ${rotation}`,
    Paused: pauseWords(policy, now),
    'Rotation period': policy.rotationPeriod,
    'Grace period': graceWords(policy.gracePeriod),
    'Token life': policy.tokenLife === 'off' ? 'not stated' : policy.tokenLife,
    'Next key': policy.announcesNext ? 'announced one rotation early' : 'not announced',
    Apps: apps === null ? 'Heroku does not tell them right now' : apps.map((app) => appLine(app, paint)),
  }
}

export function graceWords(grace: string): string {
  return grace === 'period' ? 'until the next rotation' : grace
}

export function pauseWords({ pause }: Pick<Policy, 'pause'>, now: Date): string | null {
  if (!pause) return null
  const until = pause.until ? `until ${momentWords(pause.until, now)}` : 'until somebody resumes'
  return pause.reason === '' ? until : `${until}: ${pause.reason}`
}
