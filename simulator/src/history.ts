/** A list that grows at its end and forgets its beginning: a stack left running for weeks must not fill the memory. */
export type History<Item> = { push: (item: Item) => void; all: () => readonly Item[] }

/** Keeps at least the last `limit` items. */
export function createHistory<Item>(limit: number): History<Item> {
  let items: Item[] = []
  return {
    push: (item) => {
      items.push(item)
      // Cut now and then instead of each time, which would move the whole list for every item.
      if (items.length > 2 * limit) items = items.slice(-limit)
    },
    all: () => items,
  }
}
