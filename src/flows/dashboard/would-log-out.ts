import { appsNamed, signingWith } from '../../domain/check-in.ts'
import type { KeyLife } from '../key-lives.ts'
import { acceptedUntil } from './accepted-until.ts'
import type { AppsAnswer } from './attached-apps.ts'
import type { Overview } from './overview.ts'

/** An app that signs with the key which leaves, and who says so. */
export type StillSigning = { name: string; because: 'release' | 'check-in' }

/** What a rotation at this moment would end. */
export type WouldLogOut = {
  /** The key that leaves. */
  key: KeyLife
  /** All that it signed was signed before; later only by apps that have not taken its successor. */
  signedBefore: Date | null
  /** How long it would be accepted without that rotation; null where no end is known. */
  acceptedUntil: Date | null
  apps: StillSigning[]
  /** Apps of which nobody can say what they sign with. */
  unseen: string[]
  /** "Rotate now" is refused before as too soon; null where it is not. */
  possibleFrom: Date | null
}

/**
 * Whom a rotation now would log out: those whose login the key in the second place signed. Null where a filler is there, or
 * where its key is revoked: then nobody is. Null as well where a life of what apps sign is stated: the key stays in the keyring,
 * and a rotation that ends one before its time asks first.
 */
export function wouldLogOut(overview: Overview, answer: AppsAnswer): WouldLogOut | null {
  const { keys, second, now, graceFloorMs, tokenLifeMs } = overview
  const key = keys.find(({ version, filler, revokedAt }) => version === second && !filler && !revokedAt)
  if (!key || tokenLifeMs !== null) return null
  const current = keys.find(({ stage }) => stage === 'current')
  const attached = answer.outcome === 'known' ? answer.apps : []
  const on = (...seen: string[]) => [
    ...new Set(attached.filter((app) => seen.includes(app.key.seen)).map(({ appName }) => appName)),
  ]
  const byRelease = on('on-former')
  const known = answer.outcome === 'known' ? attached : null
  const bySaying = appsNamed(signingWith(key.fingerprint, overview.checkIns, now), known)
  const possibleFrom = current?.publishedAt && new Date(current.publishedAt.getTime() + graceFloorMs)
  return {
    key,
    signedBefore: current?.publishedAt ?? null,
    acceptedUntil: acceptedUntil(key, overview),
    apps: [
      ...byRelease.map((name): StillSigning => ({ name, because: 'release' })),
      ...bySaying
        .filter((name) => !byRelease.includes(name))
        .map((name): StillSigning => ({ name, because: 'check-in' })),
    ],
    unseen: on('not-visible', 'not-asked', 'failed'),
    possibleFrom: possibleFrom && possibleFrom > now ? possibleFrom : null,
  }
}
