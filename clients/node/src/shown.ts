import type { KeyUse, Ring } from './ring.ts'

/** A key as it may be shown. `version` and `until` are known only with a keyring. */
export type ShownKey = Readonly<{ kid: string; use: KeyUse; version?: number; until?: Date }>

const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/** All keys, newest first; a list of their own for each who asks. */
export function shownKeys({ keys }: Ring): readonly ShownKey[] {
  return Object.freeze(
    keys.map(({ key, use, version, until }) =>
      Object.freeze({
        kid: key.kid,
        use,
        ...(version !== undefined && { version }),
        ...(until && { until: new Date(until) }),
      }),
    ),
  )
}

/** What printing and JSON show instead of an object's own fields. */
export function showAs<T extends object>(target: T, name: string, shown: () => object): T {
  return Object.defineProperties(target, {
    toJSON: { value: shown },
    [INSPECT]: {
      value: (_depth: number, options: object, inspect: (value: unknown, options: object) => string) =>
        `${name} ${inspect(shown(), options)}`,
    },
  })
}
