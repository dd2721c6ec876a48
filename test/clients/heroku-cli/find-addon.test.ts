import { expect, test } from 'vitest'
import { HerokuRefusedError } from '../../../clients/heroku-cli/src/heroku/calls.ts'
import { findAddon } from '../../../clients/heroku-cli/src/heroku/find-addon.ts'

const OURS = addon('securekey-round-1', 'service-1')
const MORE = addon('securekey-flat-2', 'service-1')
const DATABASE = addon('postgresql-tall-3', 'service-1', 'heroku-postgresql')

function addon(name: string, app: string, service = 'securekey') {
  return { id: `id of ${name}`, name, app: { name: app }, addon_service: { name: service } }
}

/** Heroku's resolver: what it finds for an identifier on an app, or for one alone. */
function heroku(found: Record<string, unknown[]>) {
  const asked: unknown[] = []
  const post = async (path: string, body: Readonly<Record<string, unknown>>) => {
    asked.push([path, body])
    const matches = found[`${body.app ?? ''}/${body.addon}`]
    if (matches) return matches
    throw refusal(404, 'add_on')
  }
  return { asked, post }
}

function refusal(statusCode: number, resource: string) {
  const error = Object.assign(new Error(`Couldn't find that ${resource}.`), {
    http: { statusCode },
    body: { resource },
  })
  return new HerokuRefusedError(error)
}

test('without a name the only add-on of the service on the app is meant', async () => {
  const asked = heroku({ 'service-1/securekey': [OURS, DATABASE] })
  const found = await findAddon(asked, { app: 'service-1', addon: undefined })
  expect(found).toEqual({ id: OURS.id, name: OURS.name, app: 'service-1', owner: 'service-1' })
  expect(asked.asked).toEqual([['/actions/addons/resolve', { addon: 'securekey', app: 'service-1' }]])
})

test('what is no list is not taken for an answer, and an empty one names the service', async () => {
  const page = { post: async () => '<html>' }
  await expect(findAddon(page, { app: 'service-1', addon: undefined })).rejects.toThrow(
    "Heroku's answer cannot be read.",
  )
  await expect(
    findAddon(heroku({ 'service-1/securekey': [] }), { app: 'service-1', addon: undefined }),
  ).rejects.toThrow('securekey is no add-on of securekey.')
})

test('several are named in the refusal', async () => {
  const asked = heroku({ 'service-1/securekey': [OURS, MORE] })
  await expect(findAddon(asked, { app: 'service-1', addon: undefined })).rejects.toThrow(
    'There are several add-ons securekey: securekey-flat-2, securekey-round-1. Name the one that you mean.',
  )
})

test('an app without one is told how to create one', async () => {
  await expect(findAddon(heroku({}), { app: 'service-1', addon: undefined })).rejects.toThrow(
    /^service-1 has no add-on securekey\. Create one: heroku addons:create/,
  )
})

test('the name of an attachment on another app leads to the add-on, asked for that app', async () => {
  const asked = heroku({ 'service-2/SERVICE_ONE_SECURE': [OURS] })
  const found = await findAddon(asked, { app: 'service-2', addon: 'SERVICE_ONE_SECURE' })
  expect(found).toMatchObject({ name: OURS.name, app: 'service-2', owner: 'service-1' })
  const joined = await findAddon(asked, { app: 'another', addon: 'service-2::SERVICE_ONE_SECURE' })
  expect(joined).toEqual(found)
})

test('a name that the app does not have is looked for everywhere, and then asked for its owner', async () => {
  const asked = heroku({ '/securekey-round-1': [OURS] })
  const found = await findAddon(asked, { app: 'service-9', addon: 'securekey-round-1' })
  expect(found.app).toBe('service-1')
  expect(await findAddon(asked, { app: undefined, addon: 'securekey-round-1' })).toEqual(found)
})

test('an add-on of another service is refused by name', async () => {
  const asked = heroku({ 'service-1/DATABASE': [DATABASE] })
  await expect(findAddon(asked, { app: 'service-1', addon: 'DATABASE' })).rejects.toThrow(
    'DATABASE is no add-on of securekey. It is one of heroku-postgresql.',
  )
})

test('another refusal of Heroku is told as it is, and nothing else is looked for', async () => {
  const post = async (_path: string, { app }: Readonly<Record<string, unknown>>) => {
    if (app === null) return [OURS]
    throw refusal(404, 'app')
  }
  const asked = { post }
  const named = { app: 'service-1', addon: OURS.name }
  await expect(findAddon(asked, named)).rejects.toThrow("Couldn't find that app.")
})

test('neither an app nor a name is refused', async () => {
  await expect(findAddon(heroku({}), { app: undefined, addon: undefined })).rejects.toThrow(/Name an app/)
})
