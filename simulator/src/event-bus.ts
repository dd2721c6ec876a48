import type { ApiCall } from './api-call.ts'
import type { ServiceCall } from './service-call.ts'

/** Something that happened at the simulated Heroku, told to the narrator, the page and the webhook sender. */
export type SimulatorEvent = { at: string } & (
  | { type: 'app'; action: 'create' | 'update' | 'destroy'; app: string; appId: string }
  | {
      type: 'addon'
      action: 'create' | 'update' | 'destroy'
      addon: string
      addonId: string
      app: string
      plan: string
      state: string
    }
  | {
      type: 'attachment'
      action: 'create' | 'destroy'
      attachment: string
      attachmentId: string
      addon: string
      addonId: string
      app: string
    }
  | { type: 'config'; app: string; appId: string; changes: Record<string, string | null> }
  | { type: 'release'; app: string; appId: string; version: number; description: string; user: string }
  | { type: 'dyno'; app: string; appId: string; dyno: string; release: number; state: 'starting' }
  | { type: 'log'; app: string; addon: string; addonId: string; text: string }
  | { type: 'note'; app: string; appId: string; text: string }
  | { type: 'api-call'; call: ApiCall }
  | { type: 'service-call'; call: ServiceCall }
  | { type: 'webhook'; addonId: string; event: string; url: string; status: string }
  | { type: 'fault'; action: 'add' | 'clear' | 'hit' | 'release'; kind: string; id: string }
)

type WithoutDate<Event> = Event extends unknown ? Omit<Event, 'at'> : never

/** An event before the bus has dated it. */
export type Happening = WithoutDate<SimulatorEvent>

export type EventBus = {
  emit: (happening: Happening) => void
  subscribe: (listener: (event: SimulatorEvent) => void) => () => void
}

/** Tells listeners at once and in order; a listener that throws breaks the action, so that a test sees it. */
export function createEventBus(now: () => Date): EventBus {
  const listeners = new Set<(event: SimulatorEvent) => void>()
  return {
    emit: (happening) => {
      const event = { at: now().toISOString(), ...happening } as SimulatorEvent
      for (const listener of listeners) listener(event)
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
  }
}
