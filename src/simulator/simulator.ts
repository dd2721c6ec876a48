import { createHeroku } from './create-heroku.ts'
import { type Customer, createCustomer } from './customer.ts'
import type { EventBus } from './event-bus.ts'
import type { Faults } from './faults.ts'
import { revokeTokens } from './oauth-tokens.ts'
import type { SimulatorOptions } from './options.ts'
import { createServer } from './server.ts'
import { createStateSaver } from './state-file.ts'
import { createView, type View } from './view.ts'
import type { Webhooks } from './webhook-sender.ts'
import { addonOf } from './world.ts'

export type { SimulatorOptions } from './options.ts'

/** A stand-in for Heroku, its customer and Logplex, on one port. */
export type Simulator = {
  listen: (address: { port: number; host?: string }) => Promise<{ url: string }>
  close: () => Promise<void>
  /** Where it listens; it throws before `listen`. */
  readonly url: string
  /** Moves the service: the paths of `baseUrl` and `ssoUrl` stay, their origin becomes this one. */
  setAddonUrl: (url: string) => void
  customer: Customer
  view: View
  faults: Faults
  webhooks: Webhooks
  events: Pick<EventBus, 'subscribe'>
  /** "Reset credentials" in the portal: every access token is dead; with `refreshTokens` there is no way back. */
  resetOauth: (options?: { refreshTokens?: boolean; clientSecret?: string }) => void
  /** Kills one add-on's access tokens, so that its next call is answered 401. */
  revokeToken: (addon: string, options?: { refreshTokens?: boolean }) => void
}

/** Builds a simulator; nothing listens until `listen`. */
export function createSimulator(options: SimulatorOptions): Simulator {
  const heroku = createHeroku(options)
  const { settings, world } = heroku
  const saver = options.statePath === undefined ? undefined : createStateSaver(options.statePath, world)
  if (saver !== undefined) heroku.events.subscribe(saver.soon)
  const server = createServer(heroku, options.logger)
  return {
    listen: async ({ port, host = '127.0.0.1' }) => {
      heroku.listensAt(await server.listen({ port, host }))
      return { url: heroku.url() }
    },
    close: async () => {
      heroku.closing.abort()
      await server.close()
      await heroku.webhooks.settle()
      saver?.now()
    },
    get url() {
      return heroku.url()
    },
    setAddonUrl: (addonUrl) => {
      settings.addon.baseUrl = moved(settings.addon.baseUrl, addonUrl)
      settings.addon.ssoUrl = moved(settings.addon.ssoUrl, addonUrl)
    },
    customer: createCustomer(heroku),
    view: createView(heroku),
    faults: heroku.faults,
    webhooks: heroku.webhooks,
    events: heroku.events,
    resetOauth: ({ refreshTokens = false, clientSecret } = {}) => {
      revokeTokens(heroku, { refreshTokens })
      if (clientSecret !== undefined) settings.addon.clientSecret = clientSecret
    },
    revokeToken: (addon, { refreshTokens = false } = {}) => {
      revokeTokens(heroku, { addonId: addonOf(world, addon).id, refreshTokens })
    },
  }
}

/** The same path on another origin. */
function moved(url: string, origin: string): string {
  return new URL(new URL(url).pathname, origin).href
}
