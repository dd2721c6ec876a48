import { expect, test } from 'vitest'
import { startWithAddon } from '../support/addon.ts'
import { signedIn } from '../support/browser.ts'
import { kmsEnvironment } from '../support/fake-kms.ts'
import { MINUTE } from '../support/harness.ts'
import { withdrawOwnKey } from '../support/withdrawn-key.ts'

test.each(['suspended', 'lost'] as const)(
  'an add-on whose encryption key is %s shows no button that opens or makes keys, and a refusal leads back',
  async (state) => {
    const h = await startWithAddon({ env: kmsEnvironment('http://127.0.0.1:1') })
    const ann = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
    const open = (await ann.get(ann.base)).text
    const forms = ['reveal', 'rotate', 'revoke'].map((path) => `action="${ann.base}/${path}"`)
    for (const words of ['rotate or revoke manually', `${ann.base}/fork`, ...forms]) {
      expect(open).toContain(words)
    }

    await withdrawOwnKey(h.deps.db, h.addon.id, state)
    const closed = (await ann.get(ann.base)).text
    for (const words of [
      'rotate or revoke manually',
      'Disable it in AWS KMS',
      `${ann.base}/fork`,
      ...forms,
    ]) {
      expect(closed).not.toContain(words)
    }
    for (const words of [
      'We cannot use it now, so keys are neither shown nor handed out.',
      'We cannot use your encryption key now, so no key can be made.',
      'We cannot use your encryption key now, so nothing can be made that takes the place of a key that leaked.',
    ]) {
      expect(closed).toContain(words)
    }
    const fork = (await ann.get(`${ann.base}/fork`)).text
    expect(fork).toContain('nobody can take over its keys')
    expect(fork).not.toContain('Make the code')

    const fields = { form_token: await ann.token(), version: '2', name: h.addon.name }
    for (const path of ['/reveal', '/rotate', '/revoke', '/fork']) {
      const refused = await ann.post(`${ann.base}${path}`, fields)
      expect(refused.status, path).toBe(503)
      expect(refused.text, path).toContain(`href="${ann.base}">Back to the dashboard`)
    }
  },
)

test('while a key seems to be withdrawn, the page tells the moment of the suspension in the zone of its reader', async () => {
  const h = await startWithAddon({ env: kmsEnvironment('http://127.0.0.1:1') })
  const ann = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
  const deadline = new Date(h.clock.now().getTime() + 10 * MINUTE)
  await withdrawOwnKey(h.deps.db, h.addon.id, 'waiting', deadline)
  const { text } = await ann.get(ann.base)
  expect(text).toContain('This add-on is suspended in 10 minutes unless the key works again')
  expect(text).toMatch(
    new RegExp(`works again \\(<time datetime="${deadline.toISOString()}"[^>]*data-moment`),
  )
})
