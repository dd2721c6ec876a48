const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/**
 * A list that reads the keys anew at each use, for a framework that keeps it: it changes when the settle time ends or a key
 * does. Printing it, or turning it into JSON, shows how many keys it has. It cannot be written to, nor cloned.
 */
export function liveList(read: () => string[]): string[] {
  const shown = () => `[${read().length} keys]`
  // Printing looks at the target, past all traps, so no key is in it.
  const target: string[] = Object.defineProperty([], INSPECT, { value: shown, configurable: true })
  return new Proxy(target, {
    get: (_target, name) => (name === 'toJSON' ? shown : Reflect.get(read(), name)),
    has: (_target, name) => Reflect.has(read(), name),
    ownKeys: () => Reflect.ownKeys(read()),
    getOwnPropertyDescriptor: (_target, name) => Reflect.getOwnPropertyDescriptor(read(), name),
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
  })
}
