import { ADDON } from '../src/bin/observe.ts'
import type { Example } from './formation/example.ts'
import { ATTACHMENT, SERVICE_1 } from './scenario.ts'
import type { Stack } from './stack.ts'

/** Notes a promise that held; throws when it did not. */
export type Check = (promise: string, held: boolean) => void

/** What every check of the life of one add-on works with. */
export type Life = { stack: Stack; example: Example; check: Check; signal: AbortSignal; addonId: string }

export const VAR_1 = ADDON.configVar
/** Heroku puts the attachment's name in the place of the prefix. */
export const VAR_2 = VAR_1.replace(ADDON.configVarsPrefix, ATTACHMENT)

/** The add-on's config var on an app; empty when there is none. */
export function heldBy({ stack }: Pick<Life, 'stack'>, app: string): string {
  return stack.simulator.view.configVars(app)[app === SERVICE_1 ? VAR_1 : VAR_2] ?? ''
}
