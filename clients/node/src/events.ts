import { unusable } from './named-options.ts'
import type { StopCode } from './refresh/words.ts'

/** What a ring tells. `change`: other keys are held. `stopped`: it asks no more, because its token has ended or the add-on has. */
export type RingEvents = {
  change: { kid: string; reason: string | undefined }
  stopped: { code: StopCode }
}

export type On = <Name extends keyof RingEvents>(
  name: Name,
  listener: (told: RingEvents[Name]) => unknown,
) => () => void

/** Listeners by event. What one of them throws, or what its promise comes to, breaks nothing. */
export function createEvents(): {
  on: On
  tell: <Name extends keyof RingEvents>(name: Name, told: RingEvents[Name]) => void
} {
  const listeners: { [Name in keyof RingEvents]: Set<(told: RingEvents[Name]) => unknown> } = {
    change: new Set(),
    stopped: new Set(),
  }
  return {
    on: (name, listener) => {
      if (!Object.hasOwn(listeners, name)) throw unusable('event')
      if (typeof listener !== 'function') throw unusable('listener')
      listeners[name].add(listener)
      return () => void listeners[name].delete(listener)
    },
    tell: (name, told) => {
      for (const listener of listeners[name]) quietly(() => listener(told))
    },
  }
}

/** What an app does when it is told of something breaks nothing, neither at once nor by a promise that it returns. */
export function quietly(work: () => unknown): void {
  try {
    Promise.resolve(work()).catch(() => {})
  } catch {}
}
