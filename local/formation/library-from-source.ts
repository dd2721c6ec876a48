import { registerHooks } from 'node:module'

/*
 * Loaded before a process of the example app (`node --import`): `import 'securekey'` finds the library as it is written
 * here. What npm installs of it is built, and nothing is built for `npm start`.
 */
const SOURCE = new URL('../../clients/node/src/index.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'securekey' ? { url: SOURCE, shortCircuit: true } : next(specifier, context),
})
