import { accepted, FIRST_ROTATION, ring, SECOND_ROTATION, signs } from './rings.ts'
import { type Shown, shown, shownWithout } from './shown.ts'

/** What a process reads and when, and what must come of it. Keys of the expectations by their names. */
export type State = {
  name: string
  keys: [first: string, second: string]
  keyring: string | null
  now: number
  startedAt?: number
  settle?: number
  maxLife?: number
  warning?: string
  guaranteedLife?: number
  shown: Shown[]
  accepted: string[]
  signing: string
  /** The list without a life, and lists for lives that make a difference. */
  list: string[]
  lists?: [life: number, keys: string[]][]
}

export const MINUTE = 60_000
/** When the process of most states began: just after the first rotation. */
export const START = FIRST_ROTATION + 20_000
/** The end of the key in the second place, as of the first rotation. */
export const END = SECOND_ROTATION
/** The keyring after the first rotation, and what it shows. */
export const ONCE = ring([signs(3), accepted(2)])
export const ONCE_SHOWN = [shown(3, 'sign'), shown(2, 'verify', END)]

/** After one rotation, a minute after a start: the second key signs unless something speaks against it. */
export const settling = (name: string, change: Partial<State> = {}): State => ({
  name,
  keys: ['key 3', 'key 2'],
  keyring: ONCE,
  now: START + MINUTE,
  startedAt: START,
  shown: ONCE_SHOWN,
  accepted: ['key 3', 'key 2'],
  signing: 'key 2',
  list: ['key 2', 'key 3'],
  ...change,
})

/** The same where something does. */
export const notSettling = (name: string, change: Partial<State> = {}): State =>
  settling(name, { signing: 'key 3', list: ['key 3', 'key 2'], ...change })

/** The keyring after the first rotation, with facts of its own. */
export const once = (facts: Parameters<typeof ring>[1]) => ring([signs(3), accepted(2)], facts)
/** A process whose keyring is not there, or is ignored. */
export const WITHOUT = { shown: shownWithout('key 3', 'key 2'), guaranteedLife: 43_200, keyring: null }
