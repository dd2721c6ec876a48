import { serveAt } from '../domain/calendar.ts'
import type { ConfigVars } from '../domain/config-vars.ts'
import { secureKeyValue } from '../domain/config-vars.ts'
import { goodForSeconds } from '../domain/good-for.ts'
import type { GracePeriod } from '../domain/grace.ts'
import { fingerprintOf, keyDigest } from '../domain/key.ts'
import { keyringOf, keyringText, witnessedText } from '../domain/keyring-var.ts'
import { publishedPair } from '../domain/keyset.ts'
import type { ResourceState } from '../domain/resource-state.ts'
import type { Deps } from './deps.ts'

/** What the config vars are of: an add-on by its id, and what its customer chose. */
type Subject = { resourceId: string; grace: GracePeriod; periodMs: number }

/** The config vars that say this state. `textOf` returns the text of a live version, and is asked once for each. */
export function configVarsOf(
  deps: Pick<Deps, 'witness'>,
  subject: Subject,
  state: ResourceState,
  textOf: (version: number) => string,
): ConfigVars {
  const texts = new Map<number, string>()
  const text = (version: number): string => {
    const found = texts.get(version) ?? textOf(version)
    texts.set(version, found)
    return found
  }
  const { keyset, publishedReason: reason, publishedAt: rotatedAt, trust } = state
  const nextRotationAt = serveAt(state.nextRotationAt, state.calendar)
  const { first, second } = publishedPair(keyset)
  const { confirmedEpoch: epoch } = trust
  const goodFor = goodForSeconds({ ...subject, tokenLifeMs: state.tokenLifeMs })
  const told = { reason, rotatedAt, nextRotationAt, goodForSeconds: goodFor, epoch }
  const ring = keyringOf({ keyset, ...told }, text, kidOf)
  const mac = deps.witness.sign(witnessedText(subject.resourceId, ring))
  return { pair: secureKeyValue(text(first), text(second)), keyring: keyringText(ring, mac) }
}

/** The fingerprint of a key's text. */
export function kidOf(text: string): string {
  return fingerprintOf(keyDigest(text))
}
