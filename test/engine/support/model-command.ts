import type fc from 'fast-check'
import type { ModelWorld } from './model-world.ts'

/** All that the model itself knows: which commands make sense at the moment. */
export type Model = { alive: boolean; attached: boolean }

export type Command = fc.AsyncCommand<Model, ModelWorld>

export const ACTOR = { type: 'operator' } as const

/** A command that is followed by the check of everything that must hold. */
export function command(
  name: string,
  run: (world: ModelWorld, addonId: string) => Promise<unknown>,
  when: (model: Readonly<Model>) => boolean = ({ alive }) => alive,
  change: Partial<Model> = {},
): Command {
  return {
    check: when,
    async run(model, world) {
      Object.assign(model, change)
      await run(world, world.addonId ?? '')
      await world.check()
    },
    toString: () => name,
  }
}

export const always = () => true
