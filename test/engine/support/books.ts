import assert from 'node:assert/strict'
import type { HistoryRow } from '../../../src/domain/history.ts'
import { fingerprintOf } from '../../../src/domain/key.ts'
import { liveVersions } from '../../../src/domain/keyset.ts'
import type { Deps } from '../../../src/flows/deps.ts'
import { listHistory } from '../../../src/store/history.ts'
import { findState } from '../../../src/store/keysets.ts'
import { findKeys } from '../../../src/store/sealed-keys.ts'

/** Every row, so that a gap is seen. */
const ALL = 10_000

/**
 * That the three tables of an add-on tell one story, at any moment between two transactions: its row names the keys that
 * are stored, and its history tells once of each key that came and of each that went. Reads in one transaction.
 */
export async function checkBooks({ db }: Pick<Deps, 'db'>, addonId: string): Promise<void> {
  const { stored, lastSeq, keys, history } = await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (trx) => ({
      stored: await findState(trx, addonId),
      lastSeq: await trx
        .selectFrom('keysets')
        .select('last_seq')
        .where('resource_id', '=', addonId)
        .executeTakeFirst(),
      keys: await findKeys(trx, addonId),
      history: (await listHistory(trx, addonId, { limit: ALL })).toReversed(),
    }))
  const numbers = history.map(({ seq }) => seq)
  assert.deepEqual(numbers, upTo(numbers.length), 'the history has no gap')
  if (lastSeq) assert.equal(lastSeq.last_seq, numbers.length, 'the row counts the history')

  const state = stored?.state
  const live = state ? liveVersions(state.keyset) : []
  assert.deepEqual(
    keys.map(({ version }) => version),
    live,
    'the stored keys are the live versions',
  )
  assert.equal(new Set(live).size, live.length, 'no version stands in two places')

  const { keyset } = state ?? {}
  const untold = [
    keyset?.pending ?? null,
    keyset?.pendingFiller ?? null,
    keyset?.next?.announced === false ? keyset.next.version : null,
  ]
  const announced = new Set(history.flatMap(announcedWith))
  const made = history.flatMap(madeWith).filter(({ version }) => !announced.has(version))
  for (const version of announced) made.push({ version, fingerprint: fingerprintTold(history, version) })
  const pending = untold.filter((version) => version !== null && !announced.has(version))
  const lastVersion = state?.lastVersion ?? Math.max(...made.map(({ version }) => version))
  assert.deepEqual(
    [...made.map(({ version }) => version), ...pending].sort(byNumber),
    upTo(lastVersion),
    'the history tells once of each version that is not pending, and no number is left out',
  )
  for (const { version, digest } of keys) {
    const told = made.find((each) => each.version === version)?.fingerprint ?? fingerprintOf(digest)
    assert.equal(told, fingerprintOf(digest), `the history has the fingerprint of version ${version}`)
  }
  assert.deepEqual(
    [...history.flatMap(({ erased = [] }) => erased), ...live].sort(byNumber),
    upTo(lastVersion),
    'each version is live, or was erased once',
  )

  const signing = history.flatMap(({ kind, key }) => (kind === 'rotated' ? [key?.version] : []))
  assert.equal(new Set(signing).size, signing.length, 'one row for each version that was promoted')
  if (state)
    assert.equal(state.keyset.current, signing.at(-1) ?? FIRST_CURRENT, 'the last promoted key signs')
}

/** Provisioning makes a filler and, after it, the key that signs. */
const FIRST_CURRENT = 2

/** The rows that tell of versions which came to be. */
const MAKING: readonly HistoryRow['kind'][] = [
  'provisioned',
  'rotated',
  'rotation-superseded',
  'rotation-cancelled',
  'filler-published',
  'keys-revoked',
  'deprovisioned',
]

function madeWith({ kind, key, filler }: HistoryRow) {
  return MAKING.includes(kind) ? [key, filler].filter((named) => named !== undefined) : []
}

/** A key that is announced is told of when it comes, when it signs, and when it goes instead. */
function announcedWith({ kind, key }: HistoryRow): number[] {
  return key && (kind === 'next-announced' || kind === 'next-withdrawn') ? [key.version] : []
}

/** The one fingerprint under which the history tells of a key. */
function fingerprintTold(history: readonly HistoryRow[], version: number): string {
  const told = history.flatMap(({ key, filler }) => [key, filler]).filter((key) => key?.version === version)
  const fingerprints = new Set(told.map((key) => key?.fingerprint))
  assert.equal(fingerprints.size, 1, `version ${version} has one fingerprint`)
  return told[0]?.fingerprint ?? ''
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1)
}

const byNumber = (a: number | null, b: number | null) => (a ?? 0) - (b ?? 0)
