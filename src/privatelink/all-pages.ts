/** What one page of a listing has: the things on it and the token of the next one. */
type Page<T> = { items: readonly T[] | undefined; nextToken: string | undefined }

const MOST_PAGES = 40

/** A list of AWS that goes on after the last page that is read: half of a list is none. */
export class EndlessListError extends Error {
  constructor() {
    super('More pages than are read')
    this.name = 'EndlessList'
  }
}

/** Everything that a listing has, page after page. Throws an `EndlessListError` when that does not end. */
export async function allPages<T>(read: (nextToken: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const all: T[] = []
  let nextToken: string | undefined
  for (let count = 0; count < MOST_PAGES; count += 1) {
    const page = await read(nextToken)
    all.push(...(page.items ?? []))
    // An empty token is none: some who play AWS send the element without a text.
    if (!page.nextToken) return all
    nextToken = page.nextToken
  }
  throw new EndlessListError()
}
