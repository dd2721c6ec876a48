/** Who caused a change. A person is known by Heroku's user id, and only if the sign-on token covered it. */
export type Actor =
  | { type: 'heroku' }
  | { type: 'worker' }
  | { type: 'operator' }
  | Person
  | TokenActor
  | ClientActor

export type Person = {
  type: 'person'
  userId: string | null
  email: string | null
  verified: boolean
  address: string | null
  /** By the command line: the handle of the session that it has, which opens nothing. */
  commandLine?: string
}

/** A program with an API token, by the id of that and the name that its maker gave it: nothing in it opens anything. */
export type TokenActor = { type: 'token'; id: string; name: string; address: string | null }

/** An enrolled client, in the same way. */
export type ClientActor = { type: 'client'; id: string; name: string; address: string | null }
