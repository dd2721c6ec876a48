const IDENTIFIER = /^[a-z0-9][a-z0-9_-]{0,127}$/i

/** Whether a text may be the name or the id of an add-on, so that it can stand in a path at Heroku. */
export function isAddonIdentifier(text: string): boolean {
  return IDENTIFIER.test(text)
}
