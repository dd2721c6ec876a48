import type { SimulatorEvent } from './event-bus.ts'

/** One line that tells a person what happened; undefined for what is only of interest to machines. */
export function describeEvent(event: SimulatorEvent): string | undefined {
  switch (event.type) {
    case 'app':
      return `app ${event.app} ${pastTense(event.action)}`
    case 'addon':
      return `add-on ${event.addon} (${event.plan}) ${pastTense(event.action)}, ${event.state}`
    case 'attachment':
      return event.action === 'create'
        ? `${event.addon} attached to ${event.app} as ${event.attachment}`
        : `${event.addon} detached from ${event.app}, was ${event.attachment}`
    case 'config':
    case 'note':
      return undefined
    case 'release':
      return `${event.app} v${event.version}: ${event.description}`
    case 'dyno':
      return `${event.app} ${event.dyno} restarting on v${event.release}`
    case 'log':
      return `${event.app} log: ${event.text}`
    case 'api-call': {
      const { method, path, status, addon, fault } = event.call
      const from = addon === null || path.includes(addon) ? '' : ` for ${addon}`
      return `service → Heroku: ${method} ${path}${from}: ${status}${fault === null ? '' : ` (fault ${fault})`}`
    }
    case 'service-call': {
      const { method, url, status, failure } = event.call
      return `Heroku → service: ${method} ${URL.parse(url)?.pathname ?? url}: ${failure ?? status}`
    }
    case 'webhook':
      return `webhook ${event.event} to ${event.url}: ${event.status}`
    case 'fault':
      return `fault ${event.kind} ${event.action === 'hit' ? 'hits' : pastTense(event.action)}`
  }
}

function pastTense(verb: string): string {
  return verb + (verb.endsWith('e') ? 'd' : 'ed')
}
