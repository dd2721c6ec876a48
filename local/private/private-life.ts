import { systemNow } from '../clock.ts'
import { RANK } from '../entry.ts'
import { type Check, heldBy } from '../life.ts'
import { SERVICE_1 } from '../scenario.ts'
import type { Stack } from '../stack.ts'
import type { Aws } from './aws.ts'
import type { Time } from './pass-time.ts'

/** What every check of the life of a private add-on works with. `arn` names the key of its customer. */
export type PrivateLife = {
  stack: Stack
  aws: Aws
  time: Time
  check: Check
  signal: AbortSignal
  addonId: string
  arn: string
}

/** The pair on the app of the add-on; empty when there is none. */
export function heldPair(stack: Stack): string {
  return heldBy({ stack }, SERVICE_1)
}

/** Tells what the customer does outside of Heroku, or that time goes by. */
export function tellCustomer({ timeline }: Stack, text: string, details: readonly string[] = []): void {
  // Told in the order in which the checks are.
  timeline.add([{ at: systemNow(), rank: RANK.ahead, who: 'customer', text, details }])
}
