/** Who caused a change. A person is known by Heroku's user id, and only if the sign-on token covered it. */
export type Actor = { type: 'heroku' } | { type: 'worker' } | { type: 'operator' } | Person

export type Person = {
  type: 'person'
  userId: string | null
  email: string | null
  verified: boolean
  address: string | null
}
