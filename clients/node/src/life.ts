import { SecureKeyError } from './secure-key-error.ts'

/** How long something lives: whole seconds, or a text such as `90s`, `30m`, `12h`, `7d`. */
export type Life = number | string

/** Without a keyring: half the shortest period on offer, that of plan daily. */
const LIFE_WITHOUT_KEYRING_S = 43_200
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }
const LIFE = /^(\d{1,6})([smhd])$/

/** So many seconds a signature is good at least, whatever the schedule does. */
export function guaranteedLifeOf(goodFor: number | undefined, maxLife: number | undefined): number {
  if (goodFor === undefined) return maxLife ?? LIFE_WITHOUT_KEYRING_S
  return Math.min(goodFor, maxLife ?? goodFor)
}

/** The seconds of a life; undefined for whatever is none. */
export function secondsOf(life: unknown): number | undefined {
  if (typeof life === 'number') return Number.isSafeInteger(life) && life > 0 ? life : undefined
  if (typeof life !== 'string') return undefined
  const [, digits = '', unit = ''] = LIFE.exec(life) ?? []
  const seconds = Number(digits) * (SECONDS[unit] ?? 0)
  return seconds > 0 ? seconds : undefined
}

/** The seconds of a life. Throws `bad-life`, or `life-too-long` where the keys may be gone before it ends. */
export function allowedLife(life: unknown, guaranteedLife: number): number {
  // 1e300 is a whole number too, and too long rather than odd.
  const seconds = typeof life === 'number' && Number.isInteger(life) && life > 0 ? life : secondsOf(life)
  if (seconds === undefined) {
    throw new SecureKeyError(
      'bad-life',
      'A life is a whole number of seconds above 0, or a text such as 90s, 30m, 12h, 7d',
    )
  }
  if (seconds > guaranteedLife) {
    const message = `A life of ${seconds} seconds is longer than the ${guaranteedLife} seconds that a signature is good at least`
    throw new SecureKeyError('life-too-long', message)
  }
  return seconds
}
