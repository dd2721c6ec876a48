import type { Observer, ServiceEvent } from '../src/bin/observe.ts'

/** What happened in the service to some resources since it was last asked. */
export type EventWatch = {
  /** Takes what has happened already as known: `next` does not return it. */
  takeAsKnown: (resourceIds: readonly string[]) => Promise<void>
  /** What is new, oldest first per resource. */
  next: (resourceIds: readonly string[]) => Promise<ServiceEvent[]>
}

/** Remembers for each resource how far it was read. */
export function watchEvents(observer: Pick<Observer, 'eventsSince'>): EventWatch {
  const cursors = new Map<string, number | undefined>()

  async function newEvents(resourceId: string): Promise<ServiceEvent[]> {
    const { events, cursor } = await observer.eventsSince(resourceId, cursors.get(resourceId))
    cursors.set(resourceId, cursor)
    return events
  }

  return {
    async takeAsKnown(resourceIds) {
      for (const id of resourceIds) await newEvents(id)
    },
    async next(resourceIds) {
      const events: ServiceEvent[] = []
      for (const id of resourceIds) events.push(...(await newEvents(id)))
      return events
    },
  }
}
