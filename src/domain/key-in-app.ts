/** What is known of a release of an attached app. */
export type AppRelease = {
  version: number
  status: string
  createdAt: Date
  description: string
  /** The add-on service cut it: for this resource, or for another one on the same app. */
  byAddon: boolean
}

/** How the key came to an app: where the resource is attached there. */
export type AppAttachment = { name: string; createdAt: Date | null }

/** When a key was made, and when its push was confirmed; of a former key, those of the one that came after it too. */
export type KeyMoments = { createdAt: Date; publishedAt: Date; successor?: KeyMoments }

/**
 * Whether the release that an app runs carries a key, or one that came after it, and the release with which that began.
 * `unknown`: it depends on releases before those that are listed.
 */
export type KeyInApp<R> = { carried: 'yes'; since: R } | { carried: 'no' | 'unknown' }

/** Heroku's clock and ours may differ by this much, and a release is made before its answer reaches us. */
const CLOCK_TOLERANCE_MS = 30_000

type Carried = KeyInApp<unknown>['carried']
/** What the config of a release holds, attachment by attachment. */
type Lineage<R> = { carried: ReadonlyMap<string, Carried>; since: R | null }

/**
 * Follows the lineage of the release that an app runs now, which is the newest one that succeeded: one that failed, or
 * whose command is still running, carries nothing. Each takes over the config of the one before it, save these:
 * - the add-on's own push brings the key if it came after the key's making, since it may have arrived long before it was
 *   confirmed; and takes it out if it came before;
 * - an attachment brings the pair of its moment, so the key once that was confirmed;
 * - "Rollback to v5" has the config of v5. Whether it shows in the add-on's own config too is not documented, so that
 *   is not asked.
 *
 * `complete`: these are all releases that the app ever had.
 */
export function keyInApp<R extends AppRelease>(
  releases: readonly R[],
  attachments: readonly AppAttachment[],
  key: KeyMoments,
  { complete }: { complete: boolean },
): KeyInApp<R> {
  const listed = releases.toSorted((a, b) => a.version - b.version)
  const succeeded = listed.filter(({ status }) => status === 'succeeded')
  const first = firstPush(listed, attachments, key)
  const lineages = new Map<number, Lineage<R>>()
  let lineage: Lineage<R> = { carried: sameFor(attachments, beforeAll(listed, key, complete)), since: null }
  for (const release of succeeded) {
    const carried = carriedBy(release, lineage, lineages)
    const all = [...carried.values()].every((each) => each === 'yes')
    lineage = { carried, since: all ? (lineage.since ?? release) : null }
    lineages.set(release.version, lineage)
  }
  if (lineage.since) return { carried: 'yes', since: lineage.since }
  return { carried: [...lineage.carried.values()].includes('no') ? 'no' : 'unknown' }

  function carriedBy(release: R, before: Lineage<R>, known: ReadonlyMap<number, Lineage<R>>) {
    const late = release.version >= first
    if (isPush(release, attachments)) {
      return sameFor(attachments, yesIf(late && isSince(release, key.createdAt)))
    }
    const attached = attachments.filter((each) => broughtBy(each, listed, complete) === release.version)
    if (attached.length > 0) {
      const carried = yesIf(late && isSince(release, key.publishedAt))
      return new Map([...before.carried, ...sameFor(attached, carried)])
    }
    const target = rolledBackTo(release)
    if (target === undefined) return before.carried
    const restored = known.get(target)?.carried
    if (restored) return restored
    // One that is not listed is older than all that are; one that is has failed, or is no earlier release.
    const older = target < (listed[0]?.version ?? 0)
    return sameFor(attachments, older ? beforeAll(listed, key, complete) : 'no')
  }
}

/** What the release before the first listed one carries. */
function beforeAll([first]: readonly AppRelease[], key: KeyMoments, complete: boolean): Carried {
  return complete || (first && !isSince(first, key.createdAt)) ? 'no' : 'unknown'
}

/**
 * The release of the push that brought the key: none before it carries the key, though the tolerance may take in the push
 * of the key before. Zero where it cannot be told from others.
 */
function firstPush(
  listed: readonly AppRelease[],
  attachments: readonly AppAttachment[],
  key: KeyMoments,
): number {
  const next = key.successor ? firstPush(listed, attachments, key.successor) : 0
  const pushes = listed.filter((release) => isPush(release, attachments) && isSince(release, key.createdAt))
  const own = pushes.filter(({ version }) => next === 0 || version < next)
  return own.findLast((release) => !isAfter(release, key.publishedAt))?.version ?? 0
}

/**
 * "Update SECURE by securekey", as Heroku writes it (its webhooks' `api:release`). One that names an attachment which is
 * none of ours was cut for another resource of the add-on; any other form is taken for a push of this one.
 */
function isPush({ byAddon, description }: AppRelease, attachments: readonly AppAttachment[]): boolean {
  if (!byAddon) return false
  const named = /^Update (\S+) by \S+$/.exec(description)?.[1]
  return named === undefined || attachments.some(({ name }) => name === named)
}

/**
 * The release that brought an attachment: "Attach SECURE (…)", else the first one since it was made. Undefined where
 * that was before those that are listed.
 */
function broughtBy(
  { name, createdAt }: AppAttachment,
  listed: readonly AppRelease[],
  complete: boolean,
): number | undefined {
  const told = listed.findLast(({ description }) => /^Attach (\S+)/.exec(description)?.[1] === name)
  if (told || !createdAt) return told?.version
  const since = listed.findIndex((release) => release.createdAt >= createdAt)
  return since > 0 || complete ? listed[since]?.version : undefined
}

function rolledBackTo({ description }: AppRelease): number | undefined {
  const version = /^Rollback to v(\d{1,9})$/i.exec(description)?.[1]
  return version === undefined ? undefined : Number(version)
}

function isSince({ createdAt }: AppRelease, moment: Date): boolean {
  return createdAt.getTime() >= moment.getTime() - CLOCK_TOLERANCE_MS
}

function isAfter({ createdAt }: AppRelease, moment: Date): boolean {
  return createdAt.getTime() > moment.getTime() + CLOCK_TOLERANCE_MS
}

function yesIf(carried: boolean): Carried {
  return carried ? 'yes' : 'no'
}

function sameFor(attachments: readonly AppAttachment[], carried: Carried): ReadonlyMap<string, Carried> {
  return new Map(attachments.map(({ name }) => [name, carried]))
}
