/** Somebody whom Heroku lists as one who may work on an app. */
export type Collaborator = { userId: string | null; email: string | null; isOwner: boolean }

/** Who made something, as the sign-on named them. */
export type Maker = { userId: string | null; email: string | null }

/** People who may work on one app; `whole`: nobody else may. */
export type PeopleOfApp = { people: readonly Collaborator[]; whole: boolean }

/** Since when the maker of something was missing, without a look in between that found them. */
export type Missing = { id: string; since: string }

/** A team is the owner of its apps under such an address. Its members may be listed elsewhere, or nowhere for us. */
const TEAM_OWNER = /@herokumanager\.com$/i
/** What Heroku lists at once. */
export const MOST_COLLABORATORS = 1_000
/** Two looks that find nobody lie at least so far apart. */
const APART_MS = 24 * 3_600_000

/** Whether an address is that of a team, which nobody reads. */
export function isTeamOwner(email: string): boolean {
  return TEAM_OWNER.test(email)
}

/**
 * What a list of collaborators says. It is believed to be whole only if the owner is in it, a person, and nothing was cut
 * off: an empty list, or one in another form than Heroku's, ends nothing.
 */
export function peopleOfApp(people: readonly Collaborator[]): PeopleOfApp {
  const owner = people.find(({ isOwner }) => isOwner)
  const isPerson = owner !== undefined && owner.email !== null && !isTeamOwner(owner.email)
  return { people, whole: isPerson && people.length < MOST_COLLABORATORS }
}

/** Whether any of these lists has that person, by the id that never changes, or by the address where no id is known. */
export function isListed({ userId, email }: Maker, lists: readonly PeopleOfApp[]): boolean {
  return lists.some(({ people }) =>
    people.some(
      (each) =>
        (userId !== null && each.userId?.toLowerCase() === userId.toLowerCase()) ||
        (email !== null && each.email?.toLowerCase() === email.toLowerCase()),
    ),
  )
}

/**
 * What a look at all lists of a resource comes to: whose makers are missing since when, and which are over since two looks
 * a day apart agree. Of whom no list could be whole, what was known before stays known. What nobody is known to have made
 * is never over.
 */
export function afterLookAtMakers<Made extends Maker & { id: string }>(
  made: readonly Made[],
  look: { lists: readonly PeopleOfApp[]; at: Date },
  before: readonly Missing[],
): { missing: Missing[]; over: Made[] } {
  const { lists, at } = look
  const areWhole = lists.length > 0 && lists.every(({ whole }) => whole)
  const missing: Missing[] = []
  const over: Made[] = []
  for (const each of made) {
    if ((each.userId === null && each.email === null) || isListed(each, lists)) continue
    const known = before.find(({ id }) => id === each.id)
    const sinceMs = known && Date.parse(known.since)
    if (areWhole && sinceMs !== undefined && at.getTime() - sinceMs >= APART_MS) over.push(each)
    else if (known) missing.push(known)
    else if (areWhole) missing.push({ id: each.id, since: at.toISOString() })
  }
  return { missing, over }
}
