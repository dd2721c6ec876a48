/** What a provision request of the legacy API says of where its app info is. */
export type CallbackWords = { callbackUrl: string | null; herokuId: string | null; uuid: string | null }

const APP_INFO = '/vendor/apps/'
/** One part of a path: nothing that a router could read as more than that. */
const PART = /^(?:[\w.~@+-]|%[0-9A-Fa-f]{2}){1,200}$/
const SLASHES = /%(?:2f|5c|00)/i

/**
 * The path at which the config of an add-on is read and written (Add-on Provider App Info API): that of its callback
 * address, as it was written, if that is one of Heroku's; else the one that its id at Heroku makes. The add-on's password
 * goes there, so no other host is ever called: `isForeign` says that the address names one. Null: nothing tells where.
 */
export function callbackPathOf(
  { callbackUrl, herokuId, uuid }: CallbackWords,
  herokuApiUrl: string,
): { path: string | null; isForeign: boolean } {
  const given = callbackUrl === null ? null : ownPath(callbackUrl, herokuApiUrl)
  const id = herokuId ?? uuid
  const made = id === null ? null : appInfoPath(encodeURIComponent(id))
  return { path: given ?? made, isForeign: callbackUrl !== null && given === null }
}

function ownPath(callbackUrl: string, herokuApiUrl: string): string | null {
  if (!URL.canParse(callbackUrl)) return null
  const url = new URL(callbackUrl)
  if (url.origin !== new URL(herokuApiUrl).origin) return null
  if (url.username !== '' || url.password !== '' || /[?#\\]/.test(callbackUrl)) return null
  if (!url.pathname.startsWith(APP_INFO)) return null
  return appInfoPath(url.pathname.slice(APP_INFO.length))
}

function appInfoPath(part: string): string | null {
  const isOnePart = PART.test(part) && !SLASHES.test(part) && !/^\.+$/.test(part)
  return isOnePart ? `${APP_INFO}${part}` : null
}
