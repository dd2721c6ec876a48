// For `node --import`: what a snippet imports is found beside the repository's own packages, and `securekey` is its source.
import { registerHooks } from 'node:module'

const ROOT = new URL('../../../../', import.meta.url)
const SOURCE = new URL('clients/node/src/index.ts', ROOT).href

registerHooks({
  resolve: (specifier, context, next) => {
    if (specifier === 'securekey') return next(SOURCE, context)
    const isBare = /^[@a-z]/.test(specifier) && !specifier.includes(':')
    const ofSnippet = context.parentURL?.includes('/securekey-snippet-') === true
    return next(specifier, isBare && ofSnippet ? { ...context, parentURL: ROOT.href } : context)
  },
})
