import type { Resource, WouldLogOut } from '../answers/resource.ts'
import { parseDuration } from '../words/duration.ts'
import { listWords } from '../words/list.ts'
import { momentWords } from '../words/moment.ts'

/** What a command is about to do, as sentences. `early`: something is refused earlier than it would be without it. */
export type Consequence = { sentences: string[]; early: boolean }

type Looked = Pick<
  Resource,
  'apps' | 'keys' | 'policy' | 'rotation' | 'nextRotationAt' | 'rotatedAt' | 'wouldLogOut'
>

/** What "rotate now" does: who restarts, what is good no longer, and until when the rest is. */
export function ofRotating(resource: Looked, now: Date): Consequence {
  const { keys, policy, wouldLogOut } = resource
  if (resource.rotation) {
    return { sentences: ['A rotation is under way already. This request joins it.'], early: false }
  }
  const signing = keys.find(({ use }) => use === 'sign')
  const sentences = [restartWords(resource)]
  if (wouldLogOut) sentences.push(...refusedWords(wouldLogOut, now))
  if (signing) {
    const end = goodUntil(policy, now)
    const until = end ? `until ${momentWords(end, now)}` : 'until some time after the pause has ended'
    sentences.push(`What was signed with key ${signing.kid} is good ${until}.`)
  }
  return { sentences, early: wouldLogOut !== null }
}

/** What a revoke does. */
export function ofRevoking(resource: Looked, keepTokens: boolean): Consequence {
  const kids = resource.keys.filter(({ use }) => !['filler', 'revoked'].includes(use)).map(({ kid }) => kid)
  return {
    sentences: [
      restartWords(resource),
      `What was signed with ${kids.length === 1 ? 'key' : 'the keys'} ${listWords(kids)} is refused from then on: people are logged out.`,
      'An app accepts the old keys until it has restarted, and a one-off dyno until it ends.',
      keepTokens
        ? 'Every session of the dashboard ends. Tokens stay.'
        : 'Every session of the dashboard ends, and every token that may read the keys.',
    ],
    early: true,
  }
}

/** What another grace period does to the old key that is still accepted. */
export function ofGrace(resource: Looked, grace: string, now: Date): Consequence {
  const old = resource.keys.find(({ use }) => use === 'verify')
  const { rotatedAt, nextRotationAt, policy } = resource
  if (!old?.acceptedUntil) return { sentences: [], early: false }
  const least = now.getTime() + (parseDuration(policy.leastGracePeriod) ?? 0)
  const graceMs = parseDuration(grace)
  const chosen = graceMs === undefined ? nextRotationAt : rotatedAt && new Date(rotatedAt.getTime() + graceMs)
  if (!chosen || chosen >= old.acceptedUntil) return { sentences: [], early: false }
  const end = new Date(Math.min(Math.max(chosen.getTime(), least), old.acceptedUntil.getTime()))
  if (end >= old.acceptedUntil) return { sentences: [], early: false }
  const words = `What was signed with the old key ${old.kid} is refused from ${momentWords(end, now)}, and not from ${momentWords(old.acceptedUntil, now)}.`
  return { sentences: [words], early: true }
}

/** Which apps restart. */
export function restartWords({ apps }: Pick<Resource, 'apps'>): string {
  if (apps === null) return 'Every app that the add-on is attached to restarts.'
  const names = appNames(apps)
  return names.length === 1 ? `The app ${names[0]} restarts.` : `The apps ${listWords(names)} restart.`
}

/** Each app once, whatever the number of its attachments. */
export function appNames(apps: NonNullable<Resource['apps']>): string[] {
  return [...new Set(apps.map(({ name }) => name))].toSorted()
}

function refusedWords(facts: WouldLogOut, now: Date): string[] {
  const { kid, signedBefore, acceptedUntil, apps, possibleFrom } = facts
  const which = signedBefore ? `, all of it before ${momentWords(signedBefore, now)},` : ''
  const instead = acceptedUntil ? `, and not from ${momentWords(acceptedUntil, now)} on` : ''
  const words = [
    `What was signed with the previous key ${kid}${which} is refused as soon as they have restarted${instead}: who holds nothing newer is logged out.`,
  ]
  const names = [...new Set(apps)]
  if (names.length > 0) {
    words.push(`${listWords(names)} still ${names.length === 1 ? 'signs' : 'sign'} with that key.`)
  }
  if (possibleFrom && possibleFrom > now) {
    words.push(`Without --force that is possible from ${momentWords(possibleFrom, now)}.`)
  }
  return words
}

/** Until when the key that signs now is accepted if its successor comes now; undefined where a pause without an end is on. */
function goodUntil(
  { gracePeriod, rotationPeriod, tokenLife, pause }: Resource['policy'],
  now: Date,
): Date | undefined {
  if (pause && pause.until === null) return undefined
  const pausedMs = pause?.until ? Math.max(0, pause.until.getTime() - now.getTime()) : 0
  const periodMs = (parseDuration(rotationPeriod) ?? 0) + pausedMs
  const graceMs = Math.max(parseDuration(gracePeriod) ?? periodMs, pausedMs)
  const keptMs = Math.max(Math.min(graceMs, periodMs), parseDuration(tokenLife) ?? 0)
  return new Date(now.getTime() + keptMs)
}
