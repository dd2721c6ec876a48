import { describe, expect, test } from 'vitest'
import { html } from '../../simulator/src/page/html.ts'
import type { Simulator } from '../../simulator/src/simulator.ts'
import { patchKey } from './support/partner.ts'
import { startWithAddon } from './support/start-heroku.ts'

async function get(simulator: Simulator, path = '/'): Promise<string> {
  const response = await fetch(simulator.url + path)
  expect(response.status).toBe(200)
  return response.text()
}

describe('the page', () => {
  test('shows apps, both keys in full, releases, dynos, add-ons and what happened', async () => {
    const { simulator, tokens, addon } = await startWithAddon()
    await patchKey(simulator, tokens.access_token, addon.id, 'NEWKEY,OLDKEY')
    const page = await get(simulator)
    for (const shown of [
      'service-1',
      'SECURE_KEY',
      'NEWKEY',
      'OLDKEY',
      'Update SECURE by securekey',
      'web.1',
      addon.name,
    ]) {
      expect(page).toContain(shown)
    }
    expect(page).toContain('It shows keys in full, on purpose')
    expect(page).toContain(`PATCH /addons/${addon.id}/config for ${addon.name}: 200`)
  })

  test('loads nothing from elsewhere', async () => {
    const { simulator } = await startWithAddon()
    const page = await get(simulator)
    const loaded = page
      .matchAll(/<(?:link|script|img)[^>]*(?:href|src)="([^"]*)"/g)
      .map(([, address]) => address)
    expect([...loaded]).toEqual(['data:,', '/simulator/page.css', '/simulator/page.js'])
    expect(await get(simulator, '/simulator/page.css')).toContain('color-scheme: light dark')
    expect(await get(simulator, '/simulator/page.js')).toContain('EventSource')
  })

  test('escapes what others wrote', async () => {
    const { simulator, service } = await startWithAddon()
    service.replyWith(({ body }) => ({
      status: 200,
      body: { id: (body as { uuid: string }).uuid, message: '<script>alert(1)</script>' },
    }))
    await simulator.customer.createAddon({ app: 'service-1', plan: 'daily', options: { '"><b>': "'x'" } })
    const part = await get(simulator, '/simulator/live')
    expect(part).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(part).toContain('--&quot;&gt;&lt;b&gt; &#39;x&#39;')
    expect(part).not.toContain('<script>')
  })

  test('has forms that work without script: they lead back to the page', async () => {
    const { simulator } = await startWithAddon()
    const response = await fetch(`${simulator.url}/simulator/actions/createAddon`, {
      method: 'POST',
      redirect: 'manual',
      headers: { accept: 'text/html,*/*' },
      body: new URLSearchParams({ app: 'service-1', plan: 'weekly', as: '', 'option:grace': '4h' }),
    })
    expect([response.status, response.headers.get('location')]).toEqual([303, '/'])
    expect(simulator.view.addons()[1]).toMatchObject({ plan: 'weekly', options: { grace: '4h' } })
  })

  test('opens the dashboard by posting the signed form to the service', async () => {
    const { simulator, service, addon } = await startWithAddon()
    const page = await get(simulator, `/simulator/open/${addon.name}?app=service-1`)
    const { fields } = simulator.customer.ssoForm({ addon: addon.name })
    expect(page).toContain(`<form method="post" action="${service.url}/heroku/sso">`)
    for (const [name, value] of Object.entries(fields)) {
      expect(page).toContain(`<input type="hidden" name="${name}" value="${value}">`)
    }
  })
})

test('html escapes texts and leaves HTML, numbers and absent parts alone', () => {
  const parts = [html`<b>${'<'}</b>`, html`<i>${1}</i>`]
  expect(html`<p title="${'"'}">${parts}${null}${false}${undefined}</p>`.html).toBe(
    '<p title="&quot;"><b>&lt;</b><i>1</i></p>',
  )
})
