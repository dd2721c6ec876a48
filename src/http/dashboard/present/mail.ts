import { COLLABORATORS_TARGET } from '../../../domain/notices/notice.ts'
import type { MailAddress, MailReaders } from '../../../flows/notices/mail/addresses.ts'
import { targetModel } from './notice-targets.ts'
import { momentOf, precisionOf } from './time-words.ts'

/** To whom notices are mailed, in words: of the page *Mail* and of the section on the page *Notices*. */
export function mailModel({ on, addresses, collaborators, targets, resource }: MailReaders, now: Date) {
  const moment = (at: Date) => momentOf(at, now, precisionOf(resource))
  const troubleOf = (id: string) => {
    const found = targets.find(({ target }) => target.id === id)
    return found ? targetModel(found, now, precisionOf(resource)) : { trouble: null }
  }
  const { toldAt, reached, unreached } = collaborators
  return {
    on,
    confirmed: addresses.filter(({ confirmedAt }) => confirmedAt !== null).length,
    addresses: addresses.map((each) => ({
      id: each.id,
      address: each.address,
      state: stateOf(each),
      added: moment(each.createdAt),
      confirmed: each.confirmedAt && moment(each.confirmedAt),
      confirmBy: each.confirmBy && moment(each.confirmBy),
      refused: each.failed?.words ?? '',
      // What is refused for good is said in its own words.
      ...(each.failed ? { trouble: null } : troubleOf(each.id)),
    })),
    collaborators: {
      told: toldAt && moment(toldAt),
      reached: people(reached),
      unreached: unreached === 0 ? '' : people(unreached),
      ...troubleOf(COLLABORATORS_TARGET),
    },
  }
}

function stateOf({ confirmBy, failed }: MailAddress): 'unconfirmed' | 'refused' | 'confirmed' {
  if (confirmBy) return 'unconfirmed'
  return failed ? 'refused' : 'confirmed'
}

function people(count: number): string {
  return count === 1 ? 'one person' : `${count} people`
}
