/** Where the pages of a resource live, without a slash at the end. */
export function baseOf(resourceId: string): string {
  return `/dashboard/${resourceId}`
}

/** What a page may be told to say by its address, after an action was done: a closed list, no free text. */
export const NOTICES = {
  'rotation-requested': 'A new key is being made. Your apps restart once Heroku has it.',
  'rotation-joined': 'A rotation is under way already; it serves your request too.',
  'rotation-retried': 'The rotation is being tried again.',
  'nothing-stuck': 'No rotation is stuck any more.',
  'keys-revoked':
    'All keys are revoked: none of them is accepted from this second on. New ones are on their way.',
  'revoke-joined': 'A revoke is under way already.',
  'schedule-paused': 'Scheduled rotations are paused.',
  'already-paused': 'It is paused already. Resume it first to pause it anew.',
  'schedule-resumed': 'Scheduled rotations go on.',
  'not-paused': 'It was not paused any more.',
  'grace-period-changed': 'The grace period is changed.',
} as const

export type Notice = keyof typeof NOTICES

export function noticeWords(name: unknown): string {
  return typeof name === 'string' && Object.hasOwn(NOTICES, name) ? NOTICES[name as Notice] : ''
}
