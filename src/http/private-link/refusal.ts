import type { PrivateLinkView } from '../../flows/private-link/link-view.ts'
import type { PrivateLinkOutcome } from '../../flows/private-link/outcome.ts'
import type { ProblemName } from '../api/problems.ts'

/** Why somebody does not get what he asked for, by the name of the problem, and in words for him. */
export type LinkRefusal = { name: ProblemName; detail: string }

export const NO_LINK: LinkRefusal = { name: 'not-found', detail: 'This add-on has no private link.' }

/**
 * A link that has failed is told as an error: Heroku's own command waits until one is operational, and would wait for ever.
 */
export function failureOf({ status, failure }: PrivateLinkView): LinkRefusal | undefined {
  if (status !== 'Failed') return undefined
  // The reason says what helps: to wait, another account, or another link.
  return { name: 'private-link-failed', detail: failure ?? 'The private link could not be made.' }
}

/** Why a change was not made. */
export function refusalOf(outcome: Exclude<PrivateLinkOutcome, { outcome: 'done' }>): LinkRefusal {
  switch (outcome.outcome) {
    case 'none':
      return NO_LINK
    case 'exists':
      return {
        name: 'private-link-exists',
        detail: 'This add-on has a private link. Add or remove its accounts, or destroy it first.',
      }
    case 'deprovisioning':
      return {
        name: 'private-link-going',
        detail: 'The private link is being taken away. Create it again in a few minutes.',
      }
    case 'not-private':
      return {
        name: 'no-private-link',
        detail: `The plan ${outcome.plan} has no PrivateLink: it is for plans in Private and Shield Spaces.`,
      }
    case 'off':
      return {
        name: 'no-private-link',
        detail: 'This service offers no PrivateLink in the region of the add-on.',
      }
    case 'refused':
      return { name: 'invalid-option', detail: outcome.problem }
  }
}
