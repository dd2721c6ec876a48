import { ANY_TIME } from '../../../src/domain/calendar.ts'
import type { Overview } from '../../../src/flows/dashboard/overview.ts'

export const NOW = new Date('2026-11-29T10:04:00Z')
const DAY_MS = 86_400_000
const FORTNIGHT_MS = 14 * DAY_MS

export type Key = Overview['keys'][number]

export function inDays(days: number): Date {
  return new Date(NOW.getTime() + days * DAY_MS)
}

/** A key that was published so many days from now; it is accepted for two fortnights. */
export function key(
  version: number,
  stage: Key['stage'],
  publishedInDays: number,
  more: Partial<Key> = {},
): Key {
  const at = inDays(publishedInDays)
  return {
    version,
    stage,
    filler: false,
    fingerprint: String(version).padStart(8, '0'),
    createdAt: at,
    publishedAt: stage === 'pending' ? null : at,
    graceEndsAt: stage === 'previous' ? inDays(publishedInDays + 28) : null,
    revokedAt: null,
    retiredAt: stage === 'retired' ? inDays(publishedInDays + 28) : null,
    ...more,
  }
}

const WELL: Overview['health'] = {
  state: 'well',
  since: null,
  until: null,
  heading: '',
  customer: '',
  steps: [],
  operator: '',
}

/**
 * What the first page would be told of a fortnightly resource with these keys; the newest old one is in the second place.
 */
export function overview(keys: Key[], more: Partial<Overview> = {}): Overview {
  const previous = keys.filter(({ stage }) => stage === 'previous').map(({ version }) => version)
  return {
    resourceId: 'r',
    name: 'n',
    plan: 'fortnightly',
    ownKeyArn: null,
    ownKeyClosed: false,
    periodMs: FORTNIGHT_MS,
    grace: { until: 'next-rotation' },
    graceFloorMs: 7_200_000,
    now: NOW,
    health: WELL,
    nextRotationAt: inDays(9),
    dueAt: more.nextRotationAt ?? inDays(9),
    calendar: ANY_TIME,
    upcoming: [],
    pause: null,
    waitsFor: null,
    keysFullUntil: null,
    wakeAt: null,
    rotation: null,
    second: Math.max(0, ...previous),
    announcesNext: false,
    tokenLifeMs: null,
    announced: null,
    keys,
    checkIns: [],
    seen: [],
    rotations: { items: [], olderThan: undefined },
    history: { items: [], olderThan: undefined },
    ...more,
  }
}

/** A resource that was rotated so many times on schedule; `phase` is how much of the present period is over, 0 to 1. */
export function rotatedOverview(life: { periodMs: number; rotations: number; phase: number }): Overview {
  const { periodMs, rotations, phase } = life
  const stages = ['current', 'previous'] as const
  const keys = Array.from({ length: rotations + 1 }, (_, age): Key => {
    const published = (-(age + phase) * periodMs) / DAY_MS
    const ends = new Date(NOW.getTime() + (2 - age - phase) * periodMs)
    const stage = stages[age] ?? 'retired'
    const end = stage === 'retired' ? { retiredAt: ends } : stage === 'previous' ? { graceEndsAt: ends } : {}
    return key(rotations - age + 2, stage, published, end)
  })
  const nextRotationAt = new Date(NOW.getTime() + (1 - phase) * periodMs)
  return overview(keys, { periodMs, nextRotationAt })
}
