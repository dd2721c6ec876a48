const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/**
 * A list that reads the keys anew at each use, for a framework that keeps it: it changes when the settle time ends or a key
 * does. Printing it, or turning it into JSON, shows how many keys it has. It cannot be written to, nor cloned, nor
 * frozen.
 */
export function liveList(read: () => string[]): string[] {
  let seen: string[] | undefined
  const present = () => {
    if (seen) return seen
    // Read once for all that runs without a pause: a loop over the list must not see the end of one and the rest of another.
    queueMicrotask(() => {
      seen = undefined
    })
    seen = read()
    return seen
  }
  const shown = () => `[${present().length} keys]`
  // Printing looks at the target, past all traps, so no key is in it.
  const target: string[] = Object.defineProperty([], INSPECT, { value: shown, configurable: true })
  return new Proxy(target, {
    get: (_target, name) => (name === 'toJSON' ? shown : Reflect.get(present(), name)),
    has: (_target, name) => Reflect.has(present(), name),
    ownKeys: () => Reflect.ownKeys(present()),
    getOwnPropertyDescriptor: (_target, name) => Reflect.getOwnPropertyDescriptor(present(), name),
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
    // Frozen it could not change any more, and whoever read it would get an error: an app may freeze its whole configuration.
    preventExtensions: () => false,
  })
}
