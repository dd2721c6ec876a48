import type { Actor, Person } from './actor.ts'

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
      return actor.commandLine === undefined ? nameOf(actor) : `${nameOf(actor)}, by the command line`
    case 'token':
      return `the token “${actor.name}”`
    case 'client':
      return `the client “${actor.name}”`
  }
}

function nameOf({ verified, email, userId }: Person): string {
  return verified ? (email ?? userId ?? 'a Heroku user') : 'someone unverified'
}

/** Who asked for a rotation. */
export function askedByWords(actor: Actor): string {
  return actor.type === 'worker' ? 'the schedule' : actorWords(actor)
}
