import { expect, test } from 'vitest'
import { createBrowser } from '../../local/browser.ts'
import { openDashboard } from '../../local/dashboard.ts'
import { LocalStackError } from '../../local/local-stack-error.ts'
import { startWithAddon } from '../support/addon.ts'
import { kindsOf } from '../support/resource.ts'
import { startServer } from './support/start-server.ts'

test('the owner of an add-on sends the forms of its dashboard', async () => {
  const { heroku, deps, addon } = await startWithAddon()
  const dashboard = await openDashboard(heroku, addon.id)
  await dashboard.send('grace', { choice: 'custom', custom: '3h' })
  await dashboard.send('revoke', { name: addon.name })
  expect(await kindsOf(deps, addon.id)).toEqual(
    expect.arrayContaining(['signed-in', 'grace-period-changed', 'keys-revoked']),
  )
})

test('a form that is refused, or is not there, is an error', async () => {
  const { heroku, addon } = await startWithAddon()
  const dashboard = await openDashboard(heroku, addon.id)
  await expect(dashboard.send('revoke', { name: 'another-name' })).rejects.toThrow(LocalStackError)
  await expect(dashboard.send('no-such-form')).rejects.toThrow('The dashboard has no form "no-such-form".')
})

test('whether a form is taken can be asked, and a page be read', async () => {
  const { heroku, deps, addon } = await startWithAddon()
  const dashboard = await openDashboard(heroku, addon.id)
  expect((await dashboard.read()).text).toContain(addon.name)
  expect(await dashboard.isTaken('revoke', { name: 'another-name' })).toBe(false)
  expect(await kindsOf(deps, addon.id)).not.toContain('keys-revoked')
  expect(await dashboard.isTaken('revoke', { name: addon.name })).toBe(true)
  expect(await kindsOf(deps, addon.id)).toContain('keys-revoked')
})

test('a browser keeps a cookie, shows it to its own site alone, and drops what the site takes away', async () => {
  const seen: (string | undefined)[] = []
  const url = await startServer((request, response) => {
    seen.push(request.headers.cookie || undefined)
    const end = request.method === 'POST' ? '; expires=Thu, 01 Jan 1970 00:00:00 GMT' : ''
    response.setHeader('set-cookie', `login=ada; path=/${end}`).end()
  })
  const elsewhere = await startServer((request, response) => {
    seen.push(request.headers.cookie || undefined)
    response.end()
  }, 'localhost')
  const browser = createBrowser()
  await browser.get(url)
  await browser.get(url)
  await browser.get(elsewhere)
  await browser.post(url)
  await browser.get(url)
  expect(seen).toEqual([undefined, 'login=ada', undefined, 'login=ada', undefined])
})
