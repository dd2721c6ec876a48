import { randomBytes } from 'node:crypto'
import { CompactEncrypt, compactDecrypt } from 'jose'
import { createSealingKey, openBytes, type Place, sealBytes } from '../src/sealing/envelope.ts'
import type { Bench } from './support/bench.ts'
import { resourceIdOf } from './support/bench-resource.ts'
import { figure } from './support/report.ts'
import { median, shuffled, spread } from './support/statistics.ts'

/** Seals a key and opens it again. */
type Candidate = (place: Place, key: Uint8Array) => Promise<Uint8Array>

const AT_A_TIME = 500

/**
 * A key of 32 bytes sealed and opened again, bound to its place: by this service, and by jose on WebCrypto as a JWE of
 * the same algorithm.
 */
export const bench: Bench = async ({ quick }) => {
  const count = quick ? 5_000 : 20_000
  const rounds = quick ? 2 : 5
  const bytes = randomBytes(32)
  const key = createSealingKey(bytes)
  const webKey = await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
  const candidates: Record<string, Candidate> = {
    securekey: async (place, plain) => openBytes(key, place, sealBytes(key, place, plain)),
    jose: async ({ resourceId, column, version = 0 }, plain) => {
      const header = { alg: 'dir', enc: 'A256GCM', kid: 'bench', res: resourceId, col: column, ver: version }
      const sealed = await new CompactEncrypt(plain).setProtectedHeader(header).encrypt(webKey)
      return (await compactDecrypt(sealed, webKey)).plaintext
    },
  }
  const runs: { name: string; perSecond: number; cpuMicros: number }[] = []
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, candidate] of shuffled(Object.entries(candidates))) {
      const run = await measure(candidate, count)
      // The first round warms both up.
      if (round > 0) runs.push({ name, ...run })
    }
  }
  const of = (name: string) => runs.filter((run) => run.name === name)
  const rateOf = (name: string) => median(of(name).map((run) => run.perSecond))
  return {
    table: Object.keys(candidates).map((name) => ({
      who: name,
      'sealed and opened/s': figure(rateOf(name)),
      spread: spread(of(name).map((run) => run.perSecond)),
      'times jose': (rateOf(name) / rateOf('jose')).toFixed(2),
      'CPU µs': figure(median(of(name).map((run) => run.cpuMicros))),
    })),
    notes: [`${count} keys, ${AT_A_TIME} at a time, ${rounds} shuffled rounds after one to warm up.`],
    raw: runs,
  }
}

async function measure(candidate: Candidate, count: number) {
  const key = randomBytes(32)
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  for (let from = 0; from < count; from += AT_A_TIME) {
    await Promise.all(
      Array.from({ length: AT_A_TIME }, (_, i) =>
        candidate({ resourceId: resourceIdOf(from + i), column: 'sealed', version: 1 }, key),
      ),
    )
  }
  const elapsedMs = performance.now() - startedAt
  const { user, system } = process.cpuUsage(cpuBefore)
  return { perSecond: (count / elapsedMs) * 1_000, cpuMicros: (user + system) / count }
}
