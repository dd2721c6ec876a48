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
      async writeConfig(access: Access, value: string) {
        await stop('before')
        const result = await platform.writeConfig(access, value)
        await stop('after')
        return result
      },
    },
  }
  return { deps, reached: reached.promise, open: opened.resolve }
}

/** A process that stops between its claim and whatever it does with it: where it makes the new key. */
export function gateAtSealing(base: Deps): Gate {
  const reached = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  const { sealing } = base
  const deps: Deps = {
    ...base,
    sealing: {
      ...sealing,
      async forResource(resourceId, wrappedDek) {
        const sealer = await sealing.forResource(resourceId, wrappedDek)
        return {
          ...sealer,
          async seal(column, plaintext, version) {
            if (column === 'sealed_key') {
              reached.resolve()
              await opened.promise
            }
            return await sealer.seal(column, plaintext, version)
          },
        }
      },
    },
  }
  return { deps, reached: reached.promise, open: opened.resolve }
}
