import type { ConfigVars } from '../../../src/domain/config-vars.ts'
import type { Deps } from '../../../src/flows/deps.ts'
import type { Access } from '../../../src/heroku/platform.ts'

/** Holds the next call of one kind at a point until it is opened. */
export type Gate = {
  deps: Deps
  /** Resolves when a call has come to the gate. */
  reached: Promise<void>
  open: () => void
}

/**
 * A process whose first push stops at the gate: `before` it is sent, or `after` Heroku has answered it and before the
 * process hears of it. Later pushes pass.
 */
export function gateAtPush(base: Deps, side: 'before' | 'after'): Gate {
  const reached = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  let first = true
  async function stop(here: 'before' | 'after') {
    if (here !== side || !first) return
    first = false
    reached.resolve()
    await opened.promise
  }
  const { platform } = base
  const deps: Deps = {
    ...base,
    platform: {
      ...platform,
      async writeConfig(access: Access, vars: ConfigVars) {
        await stop('before')
        const result = await platform.writeConfig(access, vars)
        await stop('after')
        return result
      },
    },
  }
  return { deps, reached: reached.promise, open: opened.resolve }
}

/** A process that has exchanged a grant code at Heroku and stops before it hears of it. */
export function gateAfterExchange(base: Deps): Gate {
  const reached = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  const { identity } = base
  const deps: Deps = {
    ...base,
    identity: {
      ...identity,
      async exchangeGrant(code) {
        const result = await identity.exchangeGrant(code)
        reached.resolve()
        await opened.promise
        return result
      },
    },
  }
  return { deps, reached: reached.promise, open: opened.resolve }
}

/** A process that stops between its claim and whatever it does with it: where it opens the data key of the resource. */
export function gateAtClaim(base: Deps): Gate {
  const reached = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  const { sealing } = base
  const deps: Deps = {
    ...base,
    sealing: {
      ...sealing,
      async forResource(resourceId, dek) {
        reached.resolve()
        await opened.promise
        return await sealing.forResource(resourceId, dek)
      },
    },
  }
  return { deps, reached: reached.promise, open: opened.resolve }
}
