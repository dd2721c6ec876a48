import { describe, expect, test } from 'vitest'
import { setTokenLife } from '../../src/flows/dashboard/set-token-life.ts'
import { nowModel } from '../../src/http/dashboard/present/now.ts'
import { refusedByGrace, refusedByRotating } from '../../src/http/dashboard/present/refused.ts'
import { tokenLifeModel } from '../../src/http/dashboard/present/token-life.ts'
import { keysOn, pushes, startWithAddon } from '../support/addon.ts'
import { signedIn } from '../support/browser.ts'
import { DAY, HOUR } from '../support/harness.ts'
import { accepts, stateOf } from '../support/resource.ts'
import { inDays, key, NOW, overview } from './support/made-up-overview.ts'

async function start(options: Parameters<typeof startWithAddon>[0] = {}) {
  const h = await startWithAddon(options)
  // Days pass, so each visit is a session of its own.
  let [browser, signedOnAt] = [await signOnNow(), h.clock.now().getTime()]
  function signOnNow() {
    return signedIn(h, { addon: h.addon.name, userId: 'user-1', email: 'ann@example.com' })
  }
  const signOn = async () => {
    const now = h.clock.now().getTime()
    if (now !== signedOnAt) [browser, signedOnAt] = [await signOnNow(), now]
    return browser
  }
  const get = async (path: string) => {
    const { base, get } = await signOn()
    return await get(base + path)
  }
  const post = async (path: string, form: Record<string, string>) => {
    const { base, post: send, token } = await signOn()
    return await send(`${base}/${path}`, { form_token: await token(), ...form })
  }
  const rotate = async (count: number, days: number) => {
    for (let served = 0; served < count; served += 1) {
      h.clock.advance(days * DAY)
      await h.worker1.tick()
    }
  }
  const life = async () => (await stateOf(h.deps, h.addon.id)).tokenLifeMs
  return { ...h, get, post, rotate, life }
}

/** The hidden fields of the form that confirms. */
function hiddenIn(text: string): Record<string, string> {
  const [, form = ''] = /role="alert"[\s\S]*?(<form[\s\S]*?<\/form>)/.exec(text) ?? []
  const fields = [...form.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)]
  return Object.fromEntries(fields.map(([, name = '', value = '']) => [name, value]))
}

describe('the page of the token life', () => {
  test('takes a life, says what it takes and until when each key is accepted', async () => {
    const h = await start({ plan: 'weekly' })
    await h.rotate(1, 7)
    expect((await h.get('/token-life')).text).toContain('Now: not stated')
    const set = await h.post('token-life', { token_life: '30d' })
    expect([set.status, set.location]).toEqual([303, `/dashboard/${h.addon.id}/token-life`])
    expect(await h.life()).toBe(30 * DAY)
    await h.rotate(2, 7)
    const { text } = await h.get('/token-life')
    expect(text).toContain('<strong>6 keys</strong> of 8')
    const { keyset } = await stateOf(h.deps, h.addon.id)
    for (const { until } of keyset.older) expect(text).toContain(until.toISOString())
    expect(text).toContain('In the keyring alone: apps that read it accept signatures made with it until')
    // The life was stated after the first key had given way to the second one, while it was there.
    expect(text).toContain('It holds for what was signed since')
    expect((await h.get('')).text).toContain('The stated token life is <strong>30 days</strong>')
  })

  test.each([
    ['soon', 'must be a duration such as 30d or 36h'],
    ['90d', 'needs 14 keys when they rotate every 7d, and at most 8 are kept'],
  ])('refuses %s with a sentence, and puts it back into the field', async (value, words) => {
    const h = await start({ plan: 'weekly' })
    const { status, text } = await h.post('token-life', { token_life: value })
    expect(status).toBe(422)
    expect(text).toContain(words)
    expect(text).toContain(`value="${value}"`)
    expect(await h.life()).toBeNull()
  })

  test('asks before it takes a shorter life, with the keys and dates, and does it once that is confirmed', async () => {
    const h = await start({ plan: 'weekly', tokenLife: '30d' })
    const { first } = keysOn(h)
    await h.rotate(3, 7)
    const asked = await h.post('token-life', { token_life: '9d' })
    expect(asked.status).toBe(409)
    expect(asked.text).toContain('Not changed yet')
    expect(asked.text).toContain('is good for less time once another key signs')
    expect(asked.text).toContain(`datetime="${h.clock.now().toISOString()}"`)
    expect(await h.life()).toBe(30 * DAY)
    const { form_token: _token, ...hidden } = hiddenIn(asked.text)
    expect(hidden).toMatchObject({ token_life: '9d' })
    expect((await h.post('token-life', hidden)).status).toBe(303)
    expect(await h.life()).toBe(9 * DAY)
    await h.worker1.tick()
    expect(await accepts(h.deps, h.addon.id, first)).toBe(false)
  })

  test('says since when the life holds: since the oldest key that is there was published', () => {
    const keys = [key(4, 'current', -5), key(3, 'previous', -12), key(1, 'retired', -40)]
    const { since, needed } = tokenLifeModel(overview(keys, { tokenLifeMs: 30 * DAY }))
    expect([since?.iso, needed]).toEqual([inDays(-12).toISOString(), 4])
  })
})

describe('where the keyring is full', () => {
  async function full() {
    const h = await start({ plan: 'daily', tokenLife: '7d' })
    const { first } = keysOn(h)
    await h.rotate(7, 1)
    return { ...h, first }
  }

  test('"rotate now" names the key that would go and until when it is needed, and goes once that is confirmed', async () => {
    const h = await full()
    h.clock.advance(3 * HOUR)
    const asked = await h.post('rotate', {})
    expect(asked.status).toBe(409)
    expect(asked.text).toContain('Not rotated')
    expect(asked.text).toContain('they are still needed')
    const { older } = (await stateOf(h.deps, h.addon.id)).keyset
    expect(asked.text).toContain(older.at(-1)?.until.toISOString())
    const { form_token: _token, ...hidden } = hiddenIn(asked.text)
    expect((await h.post('rotate', hidden)).status).toBe(303)
    await h.worker1.tick()
    expect(pushes(h)).toHaveLength(8)
    expect(await accepts(h.deps, h.addon.id, h.first)).toBe(false)
  })

  test('"rotate now" that is too soon as well is asked about both, one after the other', async () => {
    const h = await full()
    const soon = await h.post('rotate', {})
    expect(soon.text).toContain('The current key is very new')
    const asked = await h.post('rotate', { even_if_too_soon: 'yes' })
    const { form_token: _token, ...hidden } = hiddenIn(asked.text)
    expect(hidden).toMatchObject({ even_if_too_soon: 'yes' })
    expect((await h.post('rotate', hidden)).status).toBe(303)
  })

  test('the next key and a long grace period are refused in their forms, with the sum', async () => {
    const h = await full()
    const next = await h.post('next', { announce: 'yes' })
    expect([next.status, next.text.includes('needs 9 keys, the announced one included')]).toEqual([422, true])
    const grace = await h.post('grace', { choice: 'custom', custom: '20d' })
    expect([grace.status, grace.text.includes('A grace period of 20d needs 21 keys')]).toEqual([422, true])
  })

  test('the next key asks where keys made by hand have filled the keyring', async () => {
    const h = await start({ plan: 'daily', tokenLife: '6d' })
    await h.rotate(5, 1)
    for (const _ of [1, 2]) {
      h.clock.advance(3 * HOUR)
      await h.post('rotate', { even_if_too_soon: 'yes' })
      await h.worker1.tick()
    }
    const asked = await h.post('next', { announce: 'yes' })
    expect(asked.status).toBe(409)
    expect((await stateOf(h.deps, h.addon.id)).announcesNext).toBe(false)
    const { form_token: _token, ...hidden } = hiddenIn(asked.text)
    expect((await h.post('next', hidden)).status).toBe(303)
    await h.worker1.tick()
    expect((await stateOf(h.deps, h.addon.id)).keyset.older).toHaveLength(5)
  })
})

describe('what forms say of a stated life', () => {
  const KEYS = [key(3, 'current', -5), key(2, 'previous', -19, { graceEndsAt: inDays(25) })]
  const stated = overview(KEYS, { tokenLifeMs: 30 * DAY })

  test('a rotation by hand leaves the old key in the keyring, and the current one for the life from now', () => {
    const { now, later, kept } = refusedByRotating(stated)
    expect([now?.from?.iso, later?.from?.iso, kept]).toEqual([
      inDays(25).toISOString(),
      new Date(NOW.getTime() + 30 * DAY + 6 * HOUR).toISOString(),
      true,
    ])
    expect(refusedByRotating(overview(KEYS)).kept).toBe(false)
  })

  test('a shorter grace period does not shorten it', () => {
    const refused = refusedByGrace(stated, { until: 'elapsed', ms: DAY })
    expect(refused?.from?.iso).toBe(new Date(inDays(25).getTime() + 6 * HOUR).toISOString())
  })
})

describe('a rotation that waits because the keyring is full', () => {
  const waits = { keysFullUntil: inDays(2), nextRotationAt: inDays(2), dueAt: NOW, tokenLifeMs: 7 * DAY }
  const words = 'before that it would take out a key that is still needed'

  test('is shown with its date and the reason', () => {
    const { headline, lines } = nowModel(overview([], waits))
    expect(headline).toBe('Next rotation in 2 days')
    expect(lines[0]).toContain(words)
  })

  test('is not said to be on its way once it is opened', () => {
    const openedBy = { type: 'heroku' } as const
    const opened = { reason: 'plan-change', dueAt: NOW, openedAt: NOW, openedBy, stuckSince: null } as const
    const { headline, lines } = nowModel(
      overview([], { ...waits, rotation: { ...opened, attempts: 0, failures: [] } }),
    )
    expect(headline).toBe('The rotation goes on in 2 days')
    expect(lines.join(' ')).toContain(words)
  })
})

test('a life that was stated elsewhere is on the page at once', async () => {
  const h = await start({ plan: 'weekly' })
  await setTokenLife(h.deps, { resourceId: h.addon.id, actor: { type: 'operator' }, tokenLifeMs: 36 * HOUR })
  expect((await h.get('/token-life')).text).toContain('value="36h"')
})
