/** The one that is meant by an id or a name. Throws a sentence where there is none, or several have that name. */
export function oneNamed<T extends { id: string; name: string }>(
  all: readonly T[],
  wanted: string,
  noun: 'token' | 'webhook',
): T {
  const found = all.filter(({ id }) => id === wanted)
  const named = found.length > 0 ? found : all.filter(({ name }) => name === wanted)
  const [one, ...more] = named
  if (!one) throw new Error(`There is no such ${noun}. Run heroku securekey:${noun}s to see them.`)
  if (more.length > 0) {
    const ids = named.map(({ id }) => id).join(', ')
    throw new Error(`Several ${noun}s have that name: ${ids}. Name one by its id.`)
  }
  return one
}
