/** What is known of the config var at Heroku, beside what was published. */
export type Trust = {
  /** The epoch of the installation in which Heroku last took a pair of ours. A look alone does not raise it. */
  confirmedEpoch: number
  /** The epoch of the last revoke: no key of an earlier epoch is good any more, known here or not. */
  revokedEpoch: number
  /** Another call may still arrive, or the last look found something odd: Heroku is read before the next push. */
  doubtful: boolean
  /** Since when Heroku holds a pair that we never made. No machine pushes anything until a person decides. */
  foreignSince: Date | null
  /** The var was gone and was put back once. From then on it is only told. */
  goneSince: Date | null
  /** When an older pair of ours was last replaced by the published one. */
  repairedAt: Date | null
  /** A person wants whatever pair Heroku holds to be taken into the keyset. */
  adoptAsked: boolean
  /** Since when no check could be made, because Heroku gave no answer. */
  uncheckedSince: Date | null
}

/** Nothing was seen but what was published, in this epoch. */
export function trusted(epoch: number): Trust {
  return {
    confirmedEpoch: epoch,
    revokedEpoch: 0,
    doubtful: false,
    foreignSince: null,
    goneSince: null,
    repairedAt: null,
    adoptAsked: false,
    uncheckedSince: null,
  }
}
