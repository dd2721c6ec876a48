import type { Resource } from '../answers/resource.ts'
import { momentWords } from '../words/moment.ts'

/** The stated life, and until when each old key is accepted. */
export function keptWords({ keys, policy }: Pick<Resource, 'keys' | 'policy'>, now: Date): string[] {
  const stated =
    policy.tokenLife === 'off'
      ? 'How long the longest thing lives that your apps sign is not stated.'
      : `What your apps sign is good for ${policy.tokenLife}.`
  const old = keys.filter(({ use, acceptedUntil }) => use === 'verify' && acceptedUntil !== null)
  const ends = old.map(({ kid, acceptedUntil }) => {
    return `What was signed with key ${kid} is good until ${acceptedUntil ? momentWords(acceptedUntil, now) : ''}.`
  })
  return [stated, ...ends]
}
