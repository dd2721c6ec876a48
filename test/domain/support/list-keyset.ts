import { type GracePeriod, graceEndsAt } from '../../../src/domain/grace.ts'
import type { Keyset } from '../../../src/domain/keyset.ts'
import type { Situation } from '../../../src/domain/rotation.ts'
import type { RotationReason } from '../../../src/domain/rotation-reason.ts'

/**
 * The rotation protocol over lists of key versions with stages, as it was written first. It is kept as a second opinion:
 * `resource-state.test.ts` asks both what becomes of a keyset.
 */
export type KeyVersion = { version: number; stage: Stage; filler: boolean; graceEndsAt: Date | null }
type Stage = 'pending' | 'current' | 'previous' | 'retired'

/** The same keyset as a list. */
export function listOf({ current, second, pending, pendingFiller, older }: Keyset): KeyVersion[] {
  const key = (version: number | null, stage: Stage, filler = false, graceEndsAt: Date | null = null) =>
    version === null ? [] : [{ version, stage, filler, graceEndsAt }]
  return [
    ...key(current, 'current'),
    ...key(second.version, 'previous', second.filler, second.filler ? null : second.until),
    ...key(pending, 'pending'),
    ...key(pendingFiller, 'pending', true),
    ...older.flatMap(({ version, until }) => key(version, 'previous', false, until)),
  ]
}

function secondVersion(keyset: readonly KeyVersion[]): KeyVersion | undefined {
  const previous = keyset.filter((key) => key.stage === 'previous')
  return previous.toSorted((a, b) => b.version - a.version)[0]
}

const stageOf = (keyset: readonly KeyVersion[], stage: Stage, filler: boolean) =>
  keyset.find((key) => key.stage === stage && key.filler === filler)?.version

/** What becomes of each key when Heroku has confirmed the pair of a rotation. */
export function promoted(
  keyset: readonly KeyVersion[],
  reason: RotationReason,
  schedule: { grace: GracePeriod; publishedAt: Date; nextRotationAt: Date },
): KeyVersion[] {
  const { grace, publishedAt, nextRotationAt } = schedule
  return keyset.map((key) => {
    const retired = { ...key, stage: 'retired' as const }
    if (key.stage === 'retired') return key
    if (key.stage === 'pending') {
      if (!key.filler) return { ...key, stage: 'current', graceEndsAt: null }
      return reason === 'revoke' ? { ...key, stage: 'previous', graceEndsAt: null } : retired
    }
    if (reason === 'revoke') return retired
    if (key.stage === 'current') {
      return { ...key, stage: 'previous', graceEndsAt: graceEndsAt(grace, publishedAt, nextRotationAt) }
    }
    const over = key.filler || key.graceEndsAt === null || key.graceEndsAt <= publishedAt
    return over ? retired : key
  })
}

/** What becomes of each key when Heroku has confirmed a filler in the second place. */
export function filled(keyset: readonly KeyVersion[]): KeyVersion[] {
  const second = secondVersion(keyset)
  return keyset.map((key) => {
    if (key.stage === 'pending' && key.filler) return { ...key, stage: 'previous', graceEndsAt: null }
    return key === second ? { ...key, stage: 'retired' } : key
  })
}

/** The name of the step that is needed, and the versions that it is about. */
export function stepOver(
  keyset: readonly KeyVersion[],
  situation: Omit<Situation, 'keyset'>,
  now: Date,
): string {
  const { rotation, nextRotationAt, pause, checkAt, grace } = situation
  const current = stageOf(keyset, 'current', false)
  const pending = stageOf(keyset, 'pending', false)
  const filler = stageOf(keyset, 'pending', true)
  const second = secondVersion(keyset)
  if (rotation) {
    if (pending === undefined) return 'create'
    return `publish ${pending},${rotation.reason === 'revoke' ? filler : current}`
  }
  const paused = pause !== null && (pause.until === null || pause.until > now)
  if (nextRotationAt <= now && !paused) return 'create'
  if (filler !== undefined) return `publish-filler ${current},${filler}`
  const erasable = keyset
    .filter((key) => key.stage === 'previous' && key !== second)
    .filter((key) => key.graceEndsAt === null || key.graceEndsAt <= now)
  if (erasable.length > 0) return `erase ${erasable.map(({ version }) => version).toSorted()}`
  const ends = grace.until === 'elapsed' && second && !second.filler ? second.graceEndsAt : null
  if (ends !== null && ends <= now && !paused) return 'create-filler'
  return checkAt !== null && checkAt <= now ? `check ${current},${second?.version}` : 'wait'
}
