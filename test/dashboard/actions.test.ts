import { describe, expect, test } from 'vitest'
import { fingerprint } from '../../local/key-pair.ts'
import { keysOn, pushes, startWithAddon, tickUntilStuck } from '../support/addon.ts'
import { createBrowser, signedIn } from '../support/browser.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { endedRotations, kindsOf, stateOf } from '../support/resource.ts'

type Started = Awaited<ReturnType<typeof startWithAddon>>

/** Nothing is under way, and nothing ever was. */
async function expectNoRotation(h: Started): Promise<void> {
  expect((await stateOf(h.deps, h.addon.id)).rotation).toBeNull()
  expect(await endedRotations(h.deps, h.addon.id)).toEqual([])
}

async function start(options: Parameters<typeof startWithAddon>[0] = {}) {
  const h = await startWithAddon(options)
  const browser = await signedIn(h, { addon: h.addon.name, userId: 'user-1', email: 'ann@example.com' })
  const token = await browser.token()
  const act = (action: string, form: Record<string, string> = {}) =>
    browser.post(`${browser.base}/${action}`, { form_token: token, ...form })
  return { ...h, browser, token, act }
}

describe('a form is refused, and nothing is changed,', () => {
  test.each([
    ['without a form token', undefined],
    ['with a made-up form token', 'A'.repeat(43)],
  ])('%s', async (_name, token) => {
    const h = await start()
    const actions = ['rotate', 'revoke', 'pause', 'resume', 'grace', 'token-life', 'next', 'retry', 'reveal']
    actions.push('sign-out')
    for (const action of actions) {
      const form = { ...(token && { form_token: token }), name: h.addon.name, version: '2', choice: '2h' }
      expect((await h.browser.post(`${h.browser.base}/${action}`, form)).status).toBe(403)
    }
    await expectNoRotation(h)
    expect((await kindsOf(h.deps, h.addon.id)).at(-1)).toBe('signed-in')
  })

  test('with the form token of another session of the same resource', async () => {
    const h = await start()
    h.clock.advance(MINUTE)
    const other = await signedIn(h, { addon: h.addon.name })
    const answer = await other.post(`${other.base}/rotate`, { form_token: h.token })
    expect(answer.status).toBe(403)
    await expectNoRotation(h)
  })

  test('without a session', async () => {
    const h = await start()
    const stranger = createBrowser(h)
    expect((await stranger.post(`${h.browser.base}/rotate`, { form_token: h.token })).status).toBe(403)
  })

  test('by another method than POST', async () => {
    const h = await start()
    expect((await h.browser.get(`${h.browser.base}/rotate?form_token=${h.token}`)).status).toBe(403)
    await expectNoRotation(h)
  })
})

/** What a form says before its button: by the fingerprint of a key, from when on its signatures are refused. */
function refusals(page: string, form: string): string[][] {
  const part = page.slice(page.indexOf(`id="${form}"`)).split('</details>')[0] ?? ''
  const said =
    /signed with key <code class="print">([0-9a-f]{8})<\/code> is refused from <time datetime="([^"]+)"/g
  return [...part.matchAll(said)].map(([, print = '', at = '']) => [print, at])
}

describe('rotate now', () => {
  test('opens a rotation in the name of the person, on the path that the worker shares', async () => {
    const h = await start()
    const before = keysOn(h)
    const answer = await h.act('rotate')
    expect(answer).toMatchObject({ status: 303, location: `${h.browser.base}?done=rotation-requested` })
    const page = await h.browser.get(answer.location)
    expect(page.text).toContain('A new key is on its way')
    expect(page.text).toContain('data-watch')
    await h.worker1.tick()
    expect(keysOn(h).second).toBe(before.first)
    const done = await h.browser.get(h.browser.base)
    expect(done.text).toMatch(/Manual rotation[\s\S]*ann@example.com/)
    expect(done.text).not.toContain('data-watch')
  })

  test('says before the button which signatures are refused from when: those of the old key at once', async () => {
    const h = await start()
    const current = fingerprint(keysOn(h).first)
    // A filler leaves: nobody signed with it.
    const first = refusals((await h.browser.get(h.browser.base)).text, 'rotate')
    expect(first).toEqual([[current, new Date(h.clock.now().getTime() + 14 * DAY).toISOString()]])
    await h.act('rotate')
    await h.worker1.tick()
    h.clock.advance(20 * MINUTE)
    const [old, later] = refusals((await h.browser.get(h.browser.base)).text, 'rotate')
    expect(old).toEqual([current, h.clock.now().toISOString()])
    expect(later?.[0]).toBe(fingerprint(keysOn(h).first))

    // And so it is: the key that signed before that moment leaves with the next push.
    const { second } = keysOn(h)
    await h.act('rotate', { even_if_too_soon: 'yes' })
    await h.worker1.tick()
    expect(Object.values(keysOn(h))).not.toContain(second)
  })

  test('in two tabs at once makes one rotation', async () => {
    const h = await start()
    const answers = await Promise.all(Array.from({ length: 6 }, () => h.act('rotate')))
    const words = answers.map(({ location }) => location.split('=')[1])
    expect(words.filter((word) => word === 'rotation-requested')).toHaveLength(1)
    expect(words.filter((word) => word === 'rotation-joined')).toHaveLength(5)
    await h.worker1.tick()
    expect(pushes(h)).toHaveLength(1)
  })

  test('too soon asks once more, and says when it need not', async () => {
    const h = await start()
    await h.act('rotate')
    await h.worker1.tick()
    const answer = await h.act('rotate')
    expect(answer.status).toBe(409)
    expect(answer.text).toContain('You can rotate again in 2 hours (')
    expect(answer.text).toContain('<title>Not rotated · ')
    expect(answer.text).toContain('Rotate anyway')
    expect(await h.act('rotate', { even_if_too_soon: 'yes' })).toMatchObject({ status: 303 })
    await h.worker1.tick()
    expect(pushes(h)).toHaveLength(2)
  })

  test('one tab rotates while another revokes: no key of before is accepted', async () => {
    const h = await start()
    await Promise.all([h.act('rotate'), h.act('revoke', { name: h.addon.name })])
    await h.worker1.tick()
    await h.worker1.tick()
    const page = await h.browser.get(h.browser.base)
    expect(page.text).toMatch(/<strong>Revoke<\/strong>\s*<span class="badge state-done">/)
    expect((await endedRotations(h.deps, h.addon.id)).at(-1)).toMatchObject({
      kind: 'rotated',
      rotation: { reason: 'revoke' },
    })
  })
})

describe('revoke', () => {
  test('needs the name of the add-on', async () => {
    const h = await start()
    const answer = await h.act('revoke', { name: 'securekey' })
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('That isn’t this add-on’s name, nor its id. No keys were revoked.')
    expect(answer.text).toMatch(/id="name"[^>]*aria-invalid="true"/)
    await expectNoRotation(h)
  })

  test('replaces both keys by one push', async () => {
    const h = await start()
    const before = keysOn(h)
    const answer = await h.act('revoke', { name: ` ${h.addon.name.toUpperCase()} ` })
    expect(answer.location).toContain('keys-revoked')
    expect((await h.browser.get(answer.location)).text).toContain('The old keys are being replaced')
    await h.worker1.tick()
    expect(pushes(h)).toHaveLength(1)
    const after = keysOn(h)
    expect([after.first, after.second]).not.toContain(before.first)
    expect([after.first, after.second]).not.toContain(before.second)
  })
})

describe('pause', () => {
  test('keeps the time left, with its reason, until somebody resumes', async () => {
    const h = await start()
    h.clock.advance(5 * DAY)
    const browser = await signedIn(h, { addon: h.addon.name })
    const form_token = await browser.token()
    await browser.post(`${browser.base}/pause`, { form_token, reason: 'Big <sale>', until: '' })
    h.clock.advance(10 * MINUTE)
    const page = await browser.get(browser.base)
    expect(page.text).toContain('Paused until someone resumes it')
    expect(page.text).toContain('The countdown is stopped with 9 days to go.')
    expect(page.text).toContain('Big &lt;sale&gt;')
    await browser.post(`${browser.base}/resume`, { form_token })
    expect((await browser.get(browser.base)).text).toContain('Next rotation in 9 days')
  })

  test('until a date is read as UTC', async () => {
    const h = await start()
    await h.act('pause', { reason: 'freeze', until: '2026-03-10T08:30' })
    expect((await h.browser.get(h.browser.base)).text).toContain('Paused until Tue 10 Mar 2026 08:30 UTC')
  })

  test.each(['2026-03-01T08:30', '9999-12-31T23:59', 'tomorrow', '2026-99-99T99:99'])(
    'until "%s" is refused',
    async (until) => {
      const h = await start()
      const answer = await h.act('pause', { reason: 'my reason', until })
      expect(answer.status).toBe(422)
      expect(answer.text).toContain(
        'Enter a date and time within the next ten years, or leave the field empty.',
      )
      expect(answer.text).toContain('value="my reason"')
    },
  )
})

describe('the grace period', () => {
  test('of the old key in the second place changes with it, and keeps the floor, as the page says before the button', async () => {
    const h = await start()
    const words =
      /A change counts for the old key in the second place[\s\S]*It stays for at least 2 hours from now/
    expect((await h.browser.get(h.browser.base)).text).not.toMatch(words)
    await h.act('rotate')
    await h.worker1.tick()
    h.clock.advance(5 * HOUR)
    const browser = await signedIn(h, { addon: h.addon.name })
    const { text } = await browser.get(browser.base)
    expect(text).toMatch(words)
    const said = refusals(text, 'grace-period')
    await browser.post(`${browser.base}/grace`, { form_token: await browser.token(), choice: '2h' })
    const { second } = (await stateOf(h.deps, h.addon.id)).keyset
    expect(second).toMatchObject({ filler: false, until: new Date(h.clock.now().getTime() + 2 * HOUR) })
    const old = fingerprint(keysOn(h).second)
    const next = (await stateOf(h.deps, h.addon.id)).nextRotationAt.toISOString()
    const inTwoHours = new Date(h.clock.now().getTime() + 2 * HOUR).toISOString()
    expect(said.slice(0, 2)).toEqual([
      [old, next],
      [old, inTwoHours],
    ])
  })

  test.each([
    ['7d', {}, 'Now: 7 days'],
    ['custom', { custom: '36h' }, 'Now: 36 hours'],
    ['period', {}, 'Now: until the next rotation'],
  ])('is set to %s', async (choice, more, words) => {
    const h = await start()
    const answer = await h.act('grace', { choice, ...more })
    expect((await h.browser.get(answer.location)).text).toContain(words)
  })

  test.each([
    ['1h', 'must be at least 2h'],
    ['soon', 'must be a duration'],
    ['', 'must be a duration'],
  ])('of "%s" is refused in words', async (custom, words) => {
    const h = await start()
    const answer = await h.act('grace', { choice: 'custom', custom })
    expect(answer.status).toBe(422)
    expect(answer.text).toContain(words)
  })
})

test('a stuck rotation is told in words and taken up again by retry', async () => {
  const h = await start()
  await h.act('rotate')
  await tickUntilStuck(h)
  const stuck = await h.browser.get(h.browser.base)
  expect(stuck.text).toContain('The rotation is stuck')
  expect(stuck.text).toContain('Heroku says this add-on no longer exists.')
  expect(await h.act('retry')).toMatchObject({ location: `${h.browser.base}?done=rotation-retried` })
  await h.worker1.tick()
  expect(pushes(h).length).toBeGreaterThan(0)
  expect((await h.browser.get(h.browser.base)).text).toContain('Next rotation')
})

test('actions from one address are limited', async () => {
  const h = await start()
  let status = 0
  for (let n = 0; n < 61; n += 1) ({ status } = await h.act('resume'))
  expect(status).toBe(429)
})

test('an unknown word in the address is not shown', async () => {
  const h = await start()
  const page = await h.browser.get(`${h.browser.base}?done=<script>alert(1)</script>`)
  expect(page.text).not.toContain('alert(1)')
  expect((await h.browser.get(`${h.browser.base}?done=constructor`)).status).toBe(200)
})

test('a pause that ended by itself is over', async () => {
  const h = await start()
  await h.act('pause', { reason: 'freeze', until: '2026-03-03T13:00' })
  h.clock.advance(HOUR / 2)
  const browser = await signedIn(h, { addon: h.addon.name })
  expect((await browser.get(browser.base)).text).toContain('Paused until')
  h.clock.advance(HOUR / 2 - MINUTE)
  expect((await browser.get(browser.base)).text).toContain('Paused until')
  h.clock.advance(2 * MINUTE)
  expect((await browser.get(browser.base)).text).not.toContain('Paused until')
})

describe('the next key', () => {
  const shown = (text: string) => text.slice(text.indexOf('id="keys"'), text.indexOf('id="act"'))

  test('is switched on by a form that says what it does and that it costs a release, and off again', async () => {
    const h = await start()
    const before = (await h.browser.get(h.browser.base)).text
    expect(before).toContain('Now: not announced')
    expect(before).toMatch(/This costs one release now: it restarts <strong>service-1<\/strong>/)
    const on = await h.act('next', { announce: 'yes' })
    expect(on).toMatchObject({ status: 303, location: `${h.browser.base}?done=next-switched-on` })
    await h.worker1.tick()
    const { next } = (await stateOf(h.deps, h.addon.id)).keyset
    expect(next).toEqual({ version: 3, announced: true })
    const page = (await h.browser.get(h.browser.base)).text
    expect(page).toContain('Now: announced one rotation early')
    expect(await h.act('next', { announce: 'yes' })).toMatchObject({
      location: expect.stringContaining('next-as-it-was'),
    })
    await h.act('next', { announce: 'no' })
    await h.worker1.tick()
    expect((await stateOf(h.deps, h.addon.id)).keyset.next).toBeNull()
    expect((await kindsOf(h.deps, h.addon.id)).slice(-4)).toEqual([
      'next-switched-on',
      'next-announced',
      'next-switched-off',
      'next-withdrawn',
    ])
  })

  test('is shown by its fingerprint, with the date from which on it signs, and is revealed like any other', async () => {
    const h = await start()
    await h.act('next', { announce: 'yes' })
    expect(shown((await h.browser.get(h.browser.base)).text)).not.toContain('It signs from')
    await h.worker1.tick()
    const ring = JSON.parse(h.heroku.view.configVars('service-1').SECURE_KEYRING ?? '')
    const { kid, key } = ring.keys.at(-1)
    const keys = shown((await h.browser.get(h.browser.base)).text)
    const { nextRotationAt } = await stateOf(h.deps, h.addon.id)
    expect(keys).toContain(`<code class="print">${kid}</code>`)
    expect(keys).toMatch(/Announced: apps accept it\. It signs from\s+<time datetime="([^"]+)"/)
    expect(keys).toContain(`<time datetime="${nextRotationAt.toISOString()}"`)
    const revealed = await h.act('reveal', { version: '3' })
    expect(revealed.text).toContain(key)
    expect(revealed.text).toContain('Apps accept this key already. It signs after the next rotation.')
  })

  test('is shown to nobody before Heroku has confirmed it, and the page says that it is on its way', async () => {
    const h = await start()
    await h.act('next', { announce: 'yes' })
    h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'status', status: 503 })
    await h.worker1.tick()
    const keys = shown((await h.browser.get(h.browser.base)).text)
    expect(keys).toContain('Created and stored; being announced.')
    expect(keys).not.toContain('name="version" value="3"')
    expect((await h.act('reveal', { version: '3' })).status).toBe(404)
  })

  test('is revoked with the others: the form names it, and from when on it is refused', async () => {
    const h = await start()
    await h.act('next', { announce: 'yes' })
    await h.worker1.tick()
    const ring = JSON.parse(h.heroku.view.configVars('service-1').SECURE_KEYRING ?? '')
    const page = (await h.browser.get(h.browser.base)).text
    const form = page.slice(page.indexOf('id="revoke"')).split('</details>')[0] ?? ''
    for (const { kid } of ring.keys) expect(form).toContain(`<code class="print">${kid}</code>`)
    expect(form).toContain(`is refused from <time datetime="${h.clock.now().toISOString()}"`)
  })
})

test.each([
  [{ plan: 'fortnightly' }, '7 days'],
  [{ plan: 'daily' }, '12 hours'],
  [{ plan: 'fortnightly', grace: '36h' }, '36 hours'],
])(
  'the page says in words how long a signature is good at least, by plan and grace period: %o',
  async (options, words) => {
    const h = await start(options)
    const { text } = await h.browser.get(h.browser.base)
    expect(text).toContain(`What your app signs is good for at least <strong>${words}</strong>`)
  },
)
