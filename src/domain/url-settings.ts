/** Reads the address of a database. Throws with what is allowed. */
export function databaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    throw new Error('must be a URL that starts with postgres://')
  }
  return text
}

/**
 * Secrets travel to these hosts: https, or http on a loopback address. In the one spelling that there is of an address,
 * without a trailing slash: whoever looks at it must not miss that `HTTPS://` is https. Throws with what is allowed.
 */
export function secureUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const loopback = url && /^(localhost|127(\.[0-9]{1,3}){3}|\[::1\])$/.test(url.hostname)
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && loopback)) {
    throw new Error('must be an https URL (http only for a loopback address)')
  }
  // What stands before an @ looks like the host and is none.
  if (url.username !== '' || url.password !== '' || /[?#]/.test(text)) {
    throw new Error('must be an address alone, without a user, a query or a fragment')
  }
  return url.href.replace(/\/+$/, '')
}
