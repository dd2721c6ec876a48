import { NOT_NAMED } from './check-in.ts'
import { failureWords } from './failure-words.ts'
import type { HealthFacts, HealthState } from './health-state.ts'
import { describeFailure } from './heroku-failure.ts'

/**
 * What a state of health means, without dates: a heading, a sentence for the customer that says what to do, where more
 * than one thing is to be done the steps in order, and a sentence for the operator.
 */
export type HealthWords = {
  heading: string
  customer: string
  steps: readonly HealthStep[]
  operator: string
}

/** Something to do, and the command that does it. */
export type HealthStep = { words: string; command?: string }

/** The words of a state of health. */
export function healthWords(state: HealthState, facts: HealthFacts): HealthWords {
  return { steps: [], ...wordsOf(state, facts) }
}

type Words = Omit<HealthWords, 'steps'> & Partial<HealthWords>

function wordsOf(state: HealthState, facts: HealthFacts): Words {
  const failure = facts.state.failures.at(-1)
  const failed = failure ? describeFailure(failure) : 'no failure is kept'
  const problem = failure ? failureWords(failure.kind) : 'An attempt failed.'
  switch (state) {
    case 'missing':
      return {
        heading: 'Heroku does not know this add-on',
        customer:
          'Heroku says this add-on no longer exists. If you removed it, you don’t need to do anything.',
        operator:
          'Heroku answers 404. If the customer still has the add-on, ask Heroku; else `rotations remove` erases it.',
      }
    case 'access-lost':
      return {
        heading: 'No rotation is possible',
        customer:
          'Heroku no longer lets us change this add-on’s config var, and nothing brings that back. Your apps keep the keys they have, but neither a rotation nor a revoke can reach them. Make the add-on again, which logs nobody out if you take these steps in order:',
        steps: makeAgain(facts),
        operator:
          'No refresh token and no grant is left. A retry cannot help: the customer has to make the add-on again (docs/using.md).',
      }
    case 'access-refused':
      return {
        heading: 'Heroku refuses our access',
        customer: `${problem} Your apps keep the keys they have. If this still stands here tomorrow, make the add-on again, which logs nobody out if you take these steps in order:`,
        steps: makeAgain(facts),
        operator: `${failed}. If other add-ons are refused as well, the client secret is wrong; else the customer has to make this one again (docs/using.md).`,
      }
    case 'unreadable':
      return {
        heading: 'No rotation is possible',
        customer: `${problem} Your apps keep the keys they have. You cannot mend this; the operators of securekey can.`,
        operator: `${failed}. Compare SEALING_KEYS with those under which it was sealed.`,
      }
    case 'own-key-waiting':
      return {
        heading: 'Your encryption key seems to be withdrawn',
        customer: `AWS does not let us use the key that you brought (${saidOf(facts)}). If that was a slip, enable it again: until then rotations wait, and nothing else changes. If it stays so for ten minutes, this add-on is suspended.`,
        operator: `${saidOf(facts)}. Suspended after ten minutes unless it works again.`,
      }
    case 'own-key-suspended':
      return {
        heading: 'Suspended: your encryption key is withdrawn',
        customer: `AWS does not let us use the key that you brought (${saidOf(facts)}), so nothing that we store for this add-on opens: there is no rotation, no revoke, and no key is shown or handed out. Your apps keep the keys that they have at Heroku. Enable the key, or give our account its rights back: we see that within two minutes and go on by ourselves.`,
        operator: `${saidOf(facts)}. It ends by itself when the key works again; the customer has to act.`,
      }
    case 'own-key-lost':
      return {
        heading: 'Your encryption key was deleted',
        customer:
          'Nothing that we stored for this add-on can be opened any more, and nobody can change that. Your apps keep the keys that they have at Heroku. Make another add-on, let your apps accept the keys of both, and remove this one.',
        operator: 'The customer’s key is gone for good. Only deprovisioning is left.',
      }
    case 'foreign':
      return {
        heading: 'The config var holds keys that we did not make',
        customer: facts.state.trust.adoptAsked
          ? 'Somebody has asked us to take them over. We do that as soon as a worker gets to it.'
          : 'We leave them alone, so no rotation happens. If nobody meant to put them there, revoke: two new keys replace them. To keep them, ask the operators of securekey to take them over.',
        operator:
          'Decide: `rotations adopt` takes it over if it is a pair of keys, `rotations replace` puts a fresh one there.',
      }
    case 'stuck':
      return {
        heading: 'The rotation is stuck',
        customer: `${problem} We try again about once a day; to try at once, retry. Your apps keep working with the keys they have.`,
        operator: `${failed}. When the cause is gone: \`rotations retry\`.`,
      }
    case 'gone':
      return {
        heading: 'The config var is gone',
        customer:
          'We put it back once, and it is gone again: perhaps an app was rolled back to before it had the add-on. The next rotation brings it back. To have it back at once, rotate now.',
        operator: 'The config var was put back once and is gone again. Only a push brings it back.',
      }
    case 'heroku-trouble':
      return {
        heading: 'We cannot reach Heroku',
        customer:
          'This is not about your add-on, and there is nothing for you to do. We go on by ourselves when it is over.',
        operator:
          facts.trouble === 'account'
            ? 'Heroku refuses the calls of all add-ons: see the client secret and the state of the account.'
            : 'A host of Heroku does not answer for any add-on.',
      }
    case 'failing':
      return {
        heading: 'An attempt failed',
        customer: `${problem} We try again by ourselves; there is nothing for you to do.`,
        operator: `${facts.state.attempts} failed, the last: ${failed}`,
      }
    case 'held-back': {
      const { apps: held = [], saidOnly } = facts.state.heldBack ?? {}
      const names = held.map((name) => (name === NOT_NAMED ? 'a process that names no app' : name))
      const apps = listed(names)
      const many = names.length > 1
      if (saidOnly) {
        return {
          heading: `The previous key stays for ${apps}`,
          customer: `As far as we hear, ${apps} ${many ? 'still sign' : 'still signs'} with the previous key: processes say so in their check-ins. So that key stays for now. Restart the processes that have not taken the current key. If you are sure that none signs with the previous one, rotate now.`,
          operator: `Check-ins say that ${apps} ${many ? 'sign' : 'signs'} with the key that would leave. No release shows it.`,
        }
      }
      const why = many
        ? 'still sign with the previous key: their last releases failed or have not ended, or they were rolled back'
        : 'still signs with the previous key: its last release failed or has not ended, or it was rolled back'
      const [them, they] = many ? ['them', 'they have'] : ['it', 'it has']
      return {
        heading: `The previous key stays for ${apps}`,
        customer: `As far as we see, ${apps} ${why}. So that key stays for now. Roll ${them} forward, or mend the release and deploy ${them}. We cannot see that a deploy brought the current key: if you are sure that ${they} it, rotate now.`,
        operator: `${apps} ${many ? 'were' : 'was'} seen on a release with the key that would leave.`,
      }
    }
    case 'rotating':
      return {
        heading: 'A rotation is under way',
        customer: 'A rotation is under way. There is nothing for you to do.',
        operator: 'A rotation is under way.',
      }
    case 'differs':
      return {
        heading: 'An older pair of keys keeps coming back',
        customer:
          'We put the config var right at most once a day, since each time restarts your apps. Find out what sets it, or roll forward an app that was rolled back.',
        operator: 'An older pair of ours came back within a day of its repair. The next check puts it right.',
      }
    case 'unchecked':
      return {
        heading: 'The config var could not be compared',
        customer:
          'We cannot see what the config var holds at Heroku. We keep trying; there is nothing for you to do.',
        operator: 'Each check of the config has failed since then.',
      }
    case 'unusual-access':
      return {
        heading: 'Unusual access',
        customer:
          'Somebody or something used this add-on in a way that is new to it. The page “Access” says who, and from where. If it was one of you, say so there. If not, revoke the keys and end the sessions and tokens.',
        operator: 'The history tells of unusual access, and nobody has marked it as known within seven days.',
      }
    case 'undelivered':
      return {
        heading: 'Notices do not arrive',
        customer:
          'Somebody who is to be told of rotations could not be reached, and what was due was given up. The page “Notices” says who, and why. Your keys rotate all the same.',
        operator: 'Notices to a target were given up. The page “Notices” of the add-on says why.',
      }
    case 'paused':
      return {
        heading: 'The schedule is paused',
        customer: 'No scheduled rotation happens before the pause ends. Resume when you like.',
        operator: 'The customer has paused the schedule.',
      }
    case 'well':
      return { heading: 'All is well', customer: 'There is nothing to do.', operator: 'Nothing is wrong.' }
  }
}

function saidOf({ ownKey }: HealthFacts): string {
  return ownKey
    ? `${ownKey.arn}: ${ownKey.said ?? 'it works again, and is being checked'}`
    : 'no key is known'
}

/** How a customer gets another add-on into the place of this one while everybody stays logged in. */
function makeAgain({ id, plan }: Pick<HealthFacts, 'id' | 'plan'>): readonly HealthStep[] {
  return [
    {
      words: 'Create another one beside it, and attach that to each app that this one is attached to:',
      command: `heroku addons:create securekey:${plan} --as NEXT_SECURE -a YOUR-APP`,
    },
    {
      words:
        'Let all apps accept the keys of both config vars, but still sign with the first one of the old. Deploy that everywhere.',
    },
    {
      words:
        'Then let them sign with the first key of NEXT_SECURE_KEY, and still accept all four. Deploy that everywhere.',
    },
    {
      words: 'When all that was signed with the old keys has ended:',
      // Not by its name: without access nobody tells us whether another add-on has that by now.
      command: `heroku addons:destroy ${id}`,
    },
  ]
}

const MOST_NAMED = 5

/** "a, b and c", or "a, b, c, d, e and 3 more". */
function listed(apps: readonly string[]): string {
  if (apps.length > MOST_NAMED) {
    return `${apps.slice(0, MOST_NAMED).join(', ')} and ${apps.length - MOST_NAMED} more`
  }
  return apps.length > 1 ? `${apps.slice(0, -1).join(', ')} and ${apps.at(-1)}` : (apps[0] ?? 'an app')
}
