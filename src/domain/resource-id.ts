/** How the id of a resource looks: the UUID that Heroku gave it, in any case. */
export const RESOURCE_ID_PATTERN = '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'

const PATTERN = new RegExp(RESOURCE_ID_PATTERN)

/** The id in the one spelling that is stored and compared; undefined for a text that is no UUID. */
export function parseResourceId(text: string): string | undefined {
  return PATTERN.test(text) ? text.toLowerCase() : undefined
}
