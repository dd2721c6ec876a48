import type { ApiCall, ServiceCall, SimulatorEvent } from '../simulator/src/index.ts'
import { ADDON } from '../src/bin/observe.ts'
import { type Entry, RANK } from './entry.ts'
import { readKeyPair } from './key-pair.ts'
import { fingerprintsOf, keyLines, keyringLine } from './key-words.ts'

/** What the narrator looks up: an add-on's name, and when and with which options the customer asked for it. */
export type AddonLookUp = (
  addonId: string,
) => { name: string; createdAt: Date; options: Readonly<Record<string, string>> } | undefined

/**
 * Tells what happened at the simulated Heroku, from events of one moment. A release, the config it brought and the
 * dynos it restarts are one entry; an add-on comes with its first attachment.
 */
export function tellHeroku(events: readonly SimulatorEvent[], addonOf: AddonLookUp): Entry[] {
  return events.flatMap((event): Entry[] => {
    const at = new Date(event.at)
    const told = (who: string, text: string, more: Partial<Entry> = {}): Entry[] => [
      { at, rank: RANK.atHeroku, who, text, ...more },
    ]
    switch (event.type) {
      case 'release':
        return told(event.app, releaseText(event, events), { details: changedVars(event, events) })
      case 'addon':
        return tellAddon(event, addonOf)
      case 'attachment':
        return tellAttachment(event, events)
      case 'app':
        if (event.action === 'update') return []
        return told('customer', `heroku apps:${event.action} ${event.app}`, { rank: RANK.asked })
      case 'log':
        return told(event.app, `log: ${event.text}`)
      case 'fault':
        return event.action === 'hit' ? told('heroku', `injected fault: ${event.kind}`) : []
      case 'api-call':
        return tellApiCall(event.call)
      case 'service-call':
        return tellServiceCall(event.call, addonOf)
      case 'config':
      case 'dyno':
      case 'webhook':
      case 'note':
        return []
      default:
        return event satisfies never
    }
  })
}

type Of<Type> = Extract<SimulatorEvent, { type: Type }>

function releaseText(release: Of<'release'>, events: readonly SimulatorEvent[]): string {
  const dynos = events.flatMap((event) =>
    event.type === 'dyno' && event.appId === release.appId && event.release === release.version
      ? [event.dyno]
      : [],
  )
  const text = `release v${release.version}: ${release.description}`
  if (dynos.length === 0) return text
  const verb = `${release.version > 1 ? 're' : ''}start${dynos.length > 1 ? '' : 's'}`
  return `${text}; ${dynos.join(', ')} ${verb}`
}

/** Heroku tells the new config just before the release that brings it. */
function changedVars(release: Of<'release'>, events: readonly SimulatorEvent[]): string[] {
  const before = events.slice(0, events.indexOf(release))
  const config = before.findLast((event) => event.type === 'config' && event.appId === release.appId)
  const released = before.findLast((event) => event.type === 'release' && event.appId === release.appId)
  if (config?.type !== 'config') return []
  if (released && before.indexOf(released) > before.indexOf(config)) return []
  return Object.entries(config.changes).flatMap(([name, value]) => {
    if (value === null) return [`${name} is gone`]
    // What a customer sets on an app need not be a demo value.
    return readKeyPair(value) ? keyLines(name, value) : [keyringLine(name, value) ?? `${name} is set`]
  })
}

function tellAddon(event: Of<'addon'>, addonOf: AddonLookUp): Entry[] {
  if (event.action === 'update') return []
  const at = new Date(event.at)
  if (event.action === 'destroy') {
    return [{ at, rank: RANK.atHeroku, who: 'heroku', text: `${event.addon} is gone` }]
  }
  const { createdAt = at, options = {} } = addonOf(event.addonId) ?? {}
  const given = Object.entries(options).map(([name, value]) => ` --${name} ${value}`)
  const command = `heroku addons:create ${ADDON.id}:${event.plan} -a ${event.app}`
  const text = given.length === 0 ? command : `${command} --${given.join('')}`
  const asked: Entry = { at: createdAt, rank: RANK.asked, who: 'customer', text }
  return [asked, { at, rank: RANK.atHeroku, who: 'heroku', text: `created ${event.addon}` }]
}

function tellAttachment(event: Of<'attachment'>, events: readonly SimulatorEvent[]): Entry[] {
  const { action, addonId, app } = event
  const ofAddon = events
    .filter((other) => other.type === 'addon')
    .filter((addon) => addon.addonId === addonId)
  // An add-on comes with an attachment to its own app, and takes all of them with it.
  const implied = ofAddon.some(
    (addon) => addon.action === action && (action === 'destroy' || addon.app === app),
  )
  if (implied) return []
  const isReplaced = events.some(
    (other) =>
      other.type === 'attachment' &&
      other.action !== action &&
      other.attachment === event.attachment &&
      other.app === app,
  )
  // What held the name is detached by the same command.
  if (isReplaced && action === 'destroy') return []
  const text =
    action === 'create'
      ? `heroku addons:attach ${event.addon} --as ${event.attachment} -a ${app}${isReplaced ? ` --confirm ${app}` : ''}`
      : `heroku addons:detach ${event.attachment} -a ${app}`
  return [{ at: new Date(event.at), rank: RANK.asked, who: 'customer', text }]
}

/** A call of the service to Heroku; its date is that of its beginning, before the releases that it causes. */
function tellApiCall(call: ApiCall): Entry[] {
  const entry = { at: new Date(call.at), rank: RANK.called, who: ADDON.id }
  const config = Object.entries(call.config ?? {})
  if (!['PATCH', 'PUT'].includes(call.method) || config.length === 0) {
    return [{ ...entry, text: `${call.method} ${shortPath(call.path)} -> ${call.status}`, tone: 'quiet' }]
  }
  const arrived = typeof call.status === 'number' && call.status < 300
  const fate = arrived ? 'Heroku took it' : `Heroku's answer: ${call.status}`
  const pair = config.map(([, value]) => value && fingerprintsOf(value)).find(Boolean)
  const others = config.map(([name, value]) => (value === null ? `the end of ${name}` : name))
  const text = `publish  ${pair ?? others.join(', ')} sent to Heroku for every attached app; ${fate}`
  return [{ ...entry, text, tone: arrived ? 'good' : 'warning' }]
}

function tellServiceCall(call: ServiceCall, addonOf: AddonLookUp): Entry[] {
  const at = new Date(call.at)
  const { pathname } = new URL(call.url)
  const failed = call.failure === null ? String(call.status) : `no answer (${call.failure})`
  const entry: Entry = {
    at,
    rank: RANK.called,
    who: 'heroku',
    text: `${call.method} ${shortPath(pathname)} -> ${failed}`,
    tone: 'quiet',
  }
  const name = addonOf(pathname.split('/').at(-1) ?? '')?.name
  if (call.method === 'DELETE' && call.status < 400) {
    return [{ at, rank: RANK.asked, who: 'customer', text: `heroku addons:destroy ${name}` }, entry]
  }
  if (call.method === 'PUT') {
    const plan = /"plan":"([\w-]+)"/.exec(call.body ?? '')?.[1]
    const text = `heroku addons:upgrade ${name} ${ADDON.id}:${plan}`
    return [{ at, rank: RANK.asked, who: 'customer', text }, entry]
  }
  return [entry]
}

/** Ids are cut to their first eight digits. */
function shortPath(path: string): string {
  return path.replace(/\b([0-9a-f]{8})-[0-9a-f-]{27}\b/gi, '$1…')
}
