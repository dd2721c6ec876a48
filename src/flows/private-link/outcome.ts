import type { PrivateLinkView } from './link-view.ts'

/**
 * What came of a change of a private link.
 * - `done`: with the link as it is now; null: there is none any more
 * - `none`: there is no link
 * - `exists`: there is one already, with other accounts
 * - `deprovisioning`: it is being taken away, and a new one can be made later
 * - `not-private`: its plan is for none of Heroku's spaces
 * - `off`: this service offers none, or none in the region of the add-on
 * - `refused`: the accounts, and why in a sentence
 */
export type PrivateLinkOutcome =
  | { outcome: 'done'; view: PrivateLinkView | null }
  | { outcome: 'exists'; view: PrivateLinkView }
  | { outcome: 'none' }
  | { outcome: 'deprovisioning' }
  | { outcome: 'not-private'; plan: string }
  | { outcome: 'off' }
  | { outcome: 'refused'; problem: string }
