import type { Key } from './secure-key.ts'

const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/** A list that frameworks can read and that does not show its keys when a config with it is printed or turned into JSON. */
export function secretList<T>(values: T[]): T[] {
  const shown = () => `[${values.length} keys]`
  return Object.defineProperties(values, {
    toJSON: { value: shown },
    [INSPECT]: { value: shown },
  })
}

export const texts = (keys: readonly Key[]): string[] => keys.map(({ text }) => text)

/** Copies: a framework may do with them what it likes. */
export const buffers = (keys: readonly Key[]): Buffer[] => keys.map(({ bytes }) => Buffer.from(bytes))
