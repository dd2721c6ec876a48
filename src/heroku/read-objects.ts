/** The objects of a list that Heroku sent; whatever else it holds is left out. */
export function objects(list: unknown): Record<string, unknown>[] {
  if (!Array.isArray(list)) return []
  return list.filter((item): item is Record<string, unknown> => typeof item === 'object' && item !== null)
}

/** An object that Heroku sent; anything else holds nothing. */
export function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** A date that Heroku sent; null: it is none. */
export function dateOf(text: unknown): Date | null {
  const time = typeof text === 'string' ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? null : new Date(time)
}
