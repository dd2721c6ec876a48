import { cleanText } from '../domain/clean-text.ts'
import type { Collaborator } from '../domain/makers.ts'
import { objectOf } from './read-objects.ts'

/** The people of Heroku's list of collaborators; a row without any person is none. */
export function readCollaborators(list: readonly unknown[]): Collaborator[] {
  return list.flatMap((row): Collaborator[] => {
    const { role, user } = objectOf(row)
    const { id, email } = objectOf(user)
    const person = { userId: textOf(id), email: textOf(email) }
    if (person.userId === null && person.email === null) return []
    return [{ ...person, isOwner: role === 'owner' }]
  })
}

function textOf(value: unknown): string | null {
  const text = typeof value === 'string' ? cleanText(value) : ''
  return text === '' ? null : text
}
