/** Where the pages of a resource live, without a slash at the end. */
export function baseOf(resourceId: string): string {
  return `/dashboard/${resourceId}`
}

/** What a page may be told to say by its address, after an action was done: a closed list, no free text. */
const NOTICES = {
  'rotation-requested': 'A new key is being made. Your apps restart once Heroku has it.',
  'rotation-joined': 'A rotation is already running. It covers your request.',
  'rotation-retried': 'Retrying the rotation.',
  'nothing-stuck': 'The rotation is no longer stuck.',
  'keys-revoked':
    'All keys are revoked. The new keys replace them at Heroku, which restarts your apps. Until an app has restarted it still accepts the old keys; one-off dynos do until they end.',
  'revoke-joined': 'The keys are already being revoked.',
  'schedule-paused': 'Scheduled rotations are paused.',
  'already-paused': 'Rotations are already paused. To change the pause, resume first.',
  'schedule-resumed': 'Scheduled rotations have resumed.',
  'not-paused': 'Rotations were no longer paused.',
  'grace-period-changed': 'Grace period updated.',
  'next-switched-on': 'The next key is being announced. Your apps restart once Heroku has it.',
  'next-switched-off':
    'The next key is being withdrawn. Your apps restart once Heroku has the keyring without it.',
  'next-as-it-was': 'Nothing to change: the next key is as you want it.',
} as const

export type Notice = keyof typeof NOTICES

export function noticeWords(name: unknown): string {
  return typeof name === 'string' && Object.hasOwn(NOTICES, name) ? NOTICES[name as Notice] : ''
}
