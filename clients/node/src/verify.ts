import { isPurpose } from './derived-key.ts'
import { acceptedKeys, isOlder, type Ring } from './ring.ts'
import type { Key } from './secure-key.ts'
import type { RefusalReason } from './stats.ts'
import { isMadeBy, readToken } from './token.ts'

/** `renew`: an older key than the one that signs now made it. Sign it again, so that it lives on. */
export type Verdict =
  | { ok: true; text: string; kid: string; expiresAt: Date; renew: boolean }
  | { ok: false; reason: RefusalReason }

/** Judges in the order that all libraries share. Never throws. */
export function verifyToken(
  ring: Ring,
  nowMs: number,
  signing: Key,
  value: unknown,
  asked: unknown,
  told: { unknownKid: (kid: string) => void; badMac: (kid: string) => void },
): Verdict {
  const purpose = purposeIn(asked)
  if (!isPurpose(purpose)) return refused('bad-purpose')
  const token = readToken(value)
  if (!token) return refused('malformed')
  const keys = acceptedKeys(ring, nowMs).filter(({ kid }) => kid === token.kid)
  if (keys.length === 0) {
    if (ring.keys.every(({ key }) => key.kid !== token.kid)) told.unknownKid(token.kid)
    return refused('unknown-key')
  }
  const key = keys.find((each) => isMadeBy(each, purpose, token))
  if (!key) {
    told.badMac(token.kid)
    return refused('bad-mac')
  }
  // So asked that a clock which tells no time lets nothing pass.
  if (!(Math.floor(nowMs / 1_000) < token.exp)) return refused('expired')
  const expiresAt = new Date(token.exp * 1_000)
  return { ok: true, text: token.text, kid: key.kid, expiresAt, renew: isOlder(ring, key, signing) }
}

function refused(reason: RefusalReason): Verdict {
  return { ok: false, reason }
}

/** Options may be whatever a caller lets through, even an object that throws when it is read. */
function purposeIn(asked: unknown): unknown {
  try {
    return (asked as { purpose?: unknown } | null | undefined)?.purpose
  } catch {
    return undefined
  }
}
