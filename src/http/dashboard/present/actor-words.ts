import type { Actor } from '../../../domain/actor.ts'

/** Who did something. A person whom the sign-on token did not cover has no name here. */
export function actorWords(actor: Actor): string {
  switch (actor.type) {
    case 'heroku':
      return 'Heroku'
    case 'worker':
      return 'securekey'
    case 'operator':
      return 'securekey’s operators'
    case 'person':
      return actor.verified ? (actor.email ?? actor.userId ?? 'a Heroku user') : 'someone unverified'
    case 'token':
      return `the token “${actor.name}”`
    case 'client':
      return `the client “${actor.name}”`
  }
}

/** Who asked for a rotation. */
export function askedByWords(actor: Actor): string {
  return actor.type === 'worker' ? 'the schedule' : actorWords(actor)
}
