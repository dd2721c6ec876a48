/**
 * Why an access was not usual:
 * - `new-person`: somebody saw keys or took the history for the first time
 * - `new-network`: somebody did so from a network from which he never did
 * - `many-shown`: somebody did so many times within an hour
 * - `program-elsewhere`: a token or a client that is always used from the same networks was used from another
 * - `sign-ons-refused`: many sign-ons were refused within an hour
 * - `revoked-key-asked`: somebody asked many times within an hour what a revoked key is
 */
export type UnusualReason =
  | 'new-person'
  | 'new-network'
  | 'many-shown'
  | 'program-elsewhere'
  | 'sign-ons-refused'
  | 'revoked-key-asked'

/** What was handed out. The history holds no key, but tells who has which. */
export type Shown = 'key' | 'keys' | 'history'

/** What was seen of an access that was not usual. `before`: the networks that were usual. */
export type UnusualFacts = {
  who: string
  from: string | null
  shown: Shown | null
  before?: string
  count?: number
}

const SAW: Readonly<Record<Shown, string>> = {
  key: 'saw a key',
  keys: 'read the keys',
  history: 'downloaded the history',
}

/** Why an access is told, in a sentence or two. It names people, networks and programs, and nothing secret. */
export function unusualWords(reason: UnusualReason, facts: UnusualFacts): string {
  const { who, from, shown, before = '', count = 0 } = facts
  const saw = SAW[shown ?? 'key']
  const there = from === null ? '' : ` from ${from}`
  switch (reason) {
    case 'new-person':
      return `${who} ${saw} for the first time${there === '' ? '' : `,${there}`}.`
    case 'new-network':
      return `${who} ${saw}${there}, for the first time from there. Before, it was from ${before}.`
    case 'many-shown':
      return `${who} saw keys or downloaded the history ${count} times within an hour.`
    case 'program-elsewhere':
      return `${who} was used${there}. For days it was used from ${before} alone.`
    case 'sign-ons-refused':
      return `${count} sign-ons were refused within an hour, the last one${there === '' ? '' : there}. Nobody was let in. Whoever knows the id of the add-on can try.`
    case 'revoked-key-asked':
      return `Within an hour it was asked ${count} times what a revoked key is, the last time by ${who}. Somebody may still use what that key signed.`
  }
}
