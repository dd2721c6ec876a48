import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'

/** What a command takes from the machine that it runs on: its clock, chance, and waiting. */
export type Surroundings = {
  now: () => Date
  sleep: (ms: number) => Promise<void>
  uuid: () => string
}

export const SURROUNDINGS: Surroundings = {
  now: () => new Date(),
  sleep: (ms) => setTimeout(ms),
  uuid: () => randomUUID(),
}
