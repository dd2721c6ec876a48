import { createHeroku } from './create-heroku.ts'
import { type Customer, createCustomer } from './customer.ts'
import type { EventBus } from './event-bus.ts'
import type { Faults } from './faults.ts'
import type { SimulatorOptions } from './options.ts'
import { createPortal, type Portal } from './portal.ts'
import { createServer } from './server.ts'
import { createStateSaver } from './state-file.ts'
import { createView, type View } from './view.ts'
import { createWebhookSender, type Webhooks } from './webhook-sender.ts'

/** A stand-in for Heroku, its customer and Logplex, on one port. */
export type Simulator = Portal & {
  listen: (address: { port: number; host?: string }) => Promise<{ url: string }>
  close: () => Promise<void>
  /** Where it listens; it throws before `listen`. */
  readonly url: string
  customer: Customer
  view: View
  faults: Faults
  webhooks: Webhooks
  events: Pick<EventBus, 'subscribe'>
}

/** Builds a simulator; nothing listens until `listen`. */
export function createSimulator(options: SimulatorOptions): Simulator {
  const heroku = createHeroku(options)
  const webhooks = createWebhookSender(heroku)
  const customer = createCustomer(heroku)
  const portal = createPortal(heroku)
  const view = createView(heroku, webhooks)
  const saver =
    options.statePath === undefined ? undefined : createStateSaver(options.statePath, heroku.world)
  heroku.events.subscribe(({ type }) => {
    // Notes are no part of the state, and may be as frequent as a heartbeat.
    if (type !== 'note') saver?.soon()
  })
  const server = createServer({ heroku, customer, portal, view, webhooks }, options.logger)
  return {
    ...portal,
    listen: async ({ port, host = '127.0.0.1' }) => {
      heroku.listensAt(await server.listen({ port, host }))
      return { url: heroku.url() }
    },
    close: async () => {
      heroku.closing.abort()
      await server.close()
      await webhooks.settle()
      saver?.now()
    },
    get url() {
      return heroku.url()
    },
    customer,
    view,
    faults: heroku.faults,
    webhooks,
    events: heroku.events,
  }
}
