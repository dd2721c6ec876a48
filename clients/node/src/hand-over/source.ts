import { randomBytes } from 'node:crypto'
import { type Answer, ask, type NoAnswer } from '../refresh/ask.ts'
import type { Outcome } from '../refresh/judge.ts'
import type { Asking, Source } from '../refresh/refresher.ts'
import { judgeHandOver, judgeKeys, readsBody, type Said } from './judge.ts'
import { ephemeralKey, type OpenAnswer } from './open-answer.ts'
import type { HandOverSettings } from './options.ts'
import { signedRequest } from './signed-request.ts'

const NONCE_BYTES = 16
const STORE_MS = 10_000
const CONFIRM_AFTER_S = '60'

type One = {
  said: Said
  answer: Answer | NoAnswer
  nonce: string
  ephemeral: ReturnType<typeof ephemeralKey>
}

/**
 * The keys as the hand-over has them: asked for with the key that is held, opened, and stored by the program before
 * anybody signs with them. A clock that differs is put right once for each request, a nonce that was used is made anew once.
 */
export function handOverSource(settings: HandOverSettings, open: OpenAnswer): Source {
  const { url, client, clientId, now } = settings
  const issuer = new URL(url).origin
  let offsetMs = 0

  const askOnce = async ({ ring, signal }: Asking): Promise<One> => {
    const ephemeral = ephemeralKey()
    const nonce = randomBytes(NONCE_BYTES).toString('base64url')
    const created = Math.floor((now() + offsetMs) / 1_000)
    const {
      headers,
      body,
      url: target,
    } = signedRequest({ ...{ url, client, key: ring.first, created, nonce }, epk: ephemeral.epk })
    const answer = await ask(
      settings,
      target,
      { method: 'POST', headers, body },
      { signal, reads: readsBody },
    )
    return { said: judgeHandOver(answer, ring), answer, nonce, ephemeral }
  }

  /** Asks again where the service has told how. */
  const askAgain = async (asking: Asking): Promise<One> => {
    const first = await askOnce(asking)
    if (first.said.says === 'clock') offsetMs = first.said.serverMs - now()
    return first.said.says === 'clock' || first.said.says === 'replayed' ? await askOnce(asking) : first
  }

  const take = async (asking: Asking, { said, nonce, ephemeral }: One): Promise<Outcome> => {
    if (said.says === 'settled') return said.outcome
    if (said.says !== 'handed-over') return { is: 'failed', word: said.says }
    const { ring } = asking
    const to = {
      key: ring.first,
      secret: ephemeral.secret,
      issuer,
      audience: clientId,
      nonce,
      nowMs: now() + offsetMs,
    }
    const opened = await open(said.jwe, to).catch(() => undefined)
    if (opened === undefined) return { is: 'failed', word: 'forged' }
    const judged = judgeKeys(opened, asking)
    if ('failure' in judged) return { is: 'failed', word: judged.failure }
    const { secure_key: secureKey, secure_keyring: secureKeyring } = opened as Record<string, string>
    const isStored = await store(settings, { secureKey: secureKey ?? '', secureKeyring: secureKeyring ?? '' })
    if (!isStored) return { is: 'failed', word: 'not-stored' }
    return { is: 'taken', keys: judged.keys, etag: undefined }
  }

  return async (asking) => {
    const one = await askAgain(asking)
    const outcome = await take(asking, one)
    const told = typeof one.answer === 'string' ? () => undefined : one.answer.header
    // Once it has signed with the new key, nobody is handed keys for the old one in its name.
    const soon = (name: string) => (name === 'refresh-after' ? CONFIRM_AFTER_S : told(name))
    return { outcome, header: outcome.is === 'taken' ? soon : told }
  }
}

/** Whether the program has stored the keys, within a limit. */
async function store(
  { onKeys, setTimer }: HandOverSettings,
  keys: { secureKey: string; secureKeyring: string },
): Promise<boolean> {
  let stopTimer = () => {}
  const tooSlow = new Promise<boolean>((resolve) => {
    stopTimer = setTimer(() => resolve(false), STORE_MS)
  })
  const stored = (async () => {
    await onKeys(keys)
    return true
  })().catch(() => false)
  try {
    return await Promise.race([stored, tooSlow])
  } finally {
    stopTimer()
  }
}
