import { registerHooks } from 'node:module'

/*
 * Loaded before a process of the example app (`node --import`): `import 'securekey'` finds the library as it is written
 * here. What npm installs of it is built, and nothing is built for `npm start`.
 */
const source = (name: string) => new URL(`../../clients/node/src/${name}`, import.meta.url).href
const SOURCES = new Map([
  ['securekey', source('index.ts')],
  ['securekey/hand-over', source('hand-over.ts')],
])

registerHooks({
  resolve: (specifier, context, next) => {
    const url = SOURCES.get(specifier)
    return url === undefined ? next(specifier, context) : { url, shortCircuit: true }
  },
})
