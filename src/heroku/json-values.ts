/** Those items of a list that are objects; none where it is no list. */
export function objects(list: unknown): Record<string, unknown>[] {
  if (!Array.isArray(list)) return []
  return list.filter((item): item is Record<string, unknown> => typeof item === 'object' && item !== null)
}

/** A moment that was written as text; null for anything else. */
export function dateOf(text: unknown): Date | null {
  const time = typeof text === 'string' ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? null : new Date(time)
}
