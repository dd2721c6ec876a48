import { LRUCache } from 'lru-cache'
import { SecurekeyError } from '../domain/errors.ts'
import type { WrappedDek } from '../domain/wrapped-dek.ts'
import type { SealingKey } from './envelope.ts'

/** Opened data keys of resources that a customer's own key protects. */
export type DekCache = {
  /** At once where it is cached. Of several who ask at a time one opens it for all. */
  get: (resourceId: string, wrapped: WrappedDek) => SealingKey | Promise<SealingKey>
  /** One that was just made: it is needed again at once. */
  put: (resourceId: string, wrapped: WrappedDek, key: SealingKey) => void
}

const MOST_DEKS = 10_000
/** A cached data key is used for so long; then its key is asked again. */
const FRESH_MS = 5 * 60_000
/**
 * And for so long where its key cannot be asked, or is withdrawn: no longer than the ten minutes in which a slip of the hand
 * harms nobody.
 */
const LONGEST_MS = 15 * 60_000
const ASK_AGAIN_MS = 30_000
/** A key that was refused is not asked for so long, whichever resource needs it. */
const REFUSED_MS = 15_000
const MOST_REFUSED = 1_000

type Opened = { key: SealingKey; openedMs: number }
type Asked = { resourceId: string; wrapped: WrappedDek }

/** `open` throws where the key of the customer cannot be used; `steadyMs` is a clock that never jumps. */
export function createDekCache(
  steadyMs: () => number,
  open: (resourceId: string, wrapped: WrappedDek) => Promise<SealingKey>,
): DekCache {
  const clock = { perf: { now: steadyMs }, ttlResolution: 0 }
  const refused = new LRUCache<string, SecurekeyError>({ max: MOST_REFUSED, ttl: REFUSED_MS, ...clock })
  const opened = new LRUCache<string, Opened, Asked>({
    max: MOST_DEKS,
    ttl: FRESH_MS,
    ...clock,
    // What is stale is kept: it may live on.
    noDeleteOnStaleGet: true,
    async fetchMethod(_name, former, { context: { resourceId, wrapped }, options }) {
      try {
        return { key: await ask(resourceId, wrapped), openedMs: steadyMs() }
      } catch (error) {
        const leftMs = former ? former.openedMs + LONGEST_MS - steadyMs() : 0
        if (!former || leftMs <= 0 || !mayLiveOn(error)) throw error
        options.ttl = Math.min(ASK_AGAIN_MS, leftMs)
        return former
      }
    },
  })

  async function ask(resourceId: string, wrapped: WrappedDek): Promise<SealingKey> {
    const refusal = refused.get(wrapped.kekId)
    if (refusal) throw refusal
    try {
      return await open(resourceId, wrapped)
    } catch (error) {
      if (error instanceof SecurekeyError && error.code === 'own-key-unusable')
        refused.set(wrapped.kekId, error)
      throw error
    }
  }

  return {
    get(resourceId, wrapped) {
      const name = nameOf(resourceId, wrapped)
      const known = opened.get(name)
      if (known) return known.key
      return opened.forceFetch(name, { context: { resourceId, wrapped } }).then(({ key }) => key)
    },
    put: (resourceId, wrapped, key) =>
      void opened.set(nameOf(resourceId, wrapped), { key, openedMs: steadyMs() }),
  }
}

/** A renewed data key is another one. */
function nameOf(resourceId: string, { kekId, wrapped }: WrappedDek): string {
  return `${resourceId} ${kekId} ${wrapped.toString('base64')}`
}

/** What does not open says it of the data key itself. */
function mayLiveOn(error: unknown): boolean {
  return error instanceof SecurekeyError && error.code !== 'sealed-value-unreadable'
}
