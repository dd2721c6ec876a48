import { describe, expect, test } from 'vitest'
import { setWindows } from '../../src/flows/dashboard/set-windows.ts'
import { readNotices } from '../../src/flows/notices/read-notices.ts'
import { switchLog } from '../../src/flows/notices/switch-log.ts'
import { ANN } from '../api/support/token.ts'
import type { HarnessWithAddon } from '../support/addon.ts'
import { DAY, MINUTE } from '../support/harness.ts'
import { provisionRequest, provisionResource } from '../support/resource.ts'
import { sharedHarness } from '../support/shared-harness.ts'
import { addAddon, callsOf, cursorsOf, linesOf, tell } from './support/tell.ts'

const shared = sharedHarness()
const posts = (h: HarnessWithAddon) => callsOf(h, 'POST', '/logs')
const asks = (h: HarnessWithAddon) => callsOf(h, 'GET', '/addon-attachments')
/** Something of which everybody is told at once, at a moment at which what can wait may ask Heroku too. */
const change = async (h: HarnessWithAddon, to: 'mon' | 'tue' | 'wed' = 'mon') => {
  h.clock.advance(10 * MINUTE)
  const days = { mon: 1, tue: 2, wed: 3 }[to]
  const windows = [{ days: [days], from: '09:00', to: '12:00', zone: 'UTC' }]
  await setWindows(h.deps, { resourceId: h.addon.id, actor: ANN, windows })
}

describe('the log of the app', () => {
  test('says a day before that a rotation comes, and that it was done, each in one line', async () => {
    const h = await addAddon(shared())
    await tell(h)
    expect(linesOf(h)).toEqual([])
    h.clock.advance(13 * DAY + MINUTE)
    await tell(h)
    expect(linesOf(h)).toEqual([
      expect.stringMatching(
        /^securekey\.rotation=coming addon=\S+ rotates=(\S+) due=\1 id=\S+ text="[^"]+"$/,
      ),
    ])
    for (const ms of [DAY, MINUTE]) {
      h.clock.advance(ms)
      await tell(h)
    }
    expect(linesOf(h)).toEqual([
      expect.stringMatching(/^securekey\.rotation=coming /),
      expect.stringMatching(/^securekey\.rotation=done /),
    ])
    expect(h.heroku.view.logs().find(({ addonId }) => addonId === h.addon.id)).toMatchObject({
      app: expect.stringMatching(/^told-/),
      priority: 190,
      host: h.addon.id,
      source: 'app',
      process: 'securekey',
    })
  })

  test('gets several notices by one request, in their order', async () => {
    const h = await addAddon(shared())
    for (const day of ['mon', 'tue', 'wed'] as const) await change(h, day)
    await tell(h)
    expect(posts(h)).toHaveLength(1)
    const days = linesOf(h).map((line) => / to="(\w+) /.exec(line)?.[1])
    expect(days).toEqual(['mon', 'tue', 'wed'])
  })

  test('is found anew where Heroku has moved it: the address is asked for, used at once, and kept sealed', async () => {
    const h = await addAddon(shared())
    await h.heroku.customer.renewLogTokens(h.addon.name)
    await change(h)
    await tell(h)
    expect(linesOf(h)).toHaveLength(1)
    // Whose token it was is known no more.
    const statuses = h.heroku.view
      .apiCalls()
      .flatMap(({ path, status }) => (path === '/logs' ? [status] : []))
    expect(statuses.slice(-2)).toEqual([401, 204])
    expect(asks(h)).toHaveLength(1)
    await change(h, 'tue')
    await tell(h)
    expect(linesOf(h)).toHaveLength(2)
    expect(posts(h)).toHaveLength(2)
    expect(asks(h)).toHaveLength(1)
  })

  test('is asked for once more only where Logplex refuses it also at its present address, and what is due is tried again', async () => {
    const h = await addAddon(shared())
    h.heroku.faults.add({
      match: { path: '/logs', addon: h.addon.id },
      kind: 'status',
      status: 400,
      times: 2,
    })
    await change(h)
    await tell(h)
    expect(linesOf(h)).toEqual([])
    expect(posts(h)).toHaveLength(1)
    expect(await cursorsOf(h)).toMatchObject([
      { cursor: { attempts: 1, lastFailure: expect.stringContaining('400') } },
    ])
    h.heroku.faults.clear()
    h.clock.advance(MINUTE)
    await tell(h)
    expect(linesOf(h)).toHaveLength(1)
    expect(await cursorsOf(h)).toMatchObject([{ cursor: { attempts: 0, lastFailure: null } }])
  })

  test('is followed by no redirect', async () => {
    const h = await addAddon(shared())
    h.heroku.faults.add({
      match: { path: '/logs', addon: h.addon.id },
      kind: 'redirect',
      location: `${h.heroku.url}/logs`,
    })
    await change(h)
    await tell(h)
    expect(posts(h)).toHaveLength(1)
    expect(linesOf(h)).toEqual([])
  })

  test.each([
    'https://logplex.io.example.com/logs',
    'http://1.us.logplex.io/logs',
    'https://127.0.0.1/logs',
    'no address',
  ])(
    'is none but Logplex: to %s nothing is sent, and the present address is asked for',
    async (logInputUrl) => {
      const h = await addAddon(shared())
      const sealer = await h.deps.sealing.forNotices(h.addon.id, await dekOf(h))
      const sealed = sealer.seal('sealed_log_input_url', logInputUrl)
      await h.deps.db
        .updateTable('resources')
        .set({ sealed_log_input_url: sealed })
        .where('id', '=', h.addon.id)
        .execute()
      await change(h)
      await tell(h)
      expect(asks(h)).toHaveLength(1)
      expect(linesOf(h)).toHaveLength(1)
    },
  )

  test('of an app that has none is given up at once, which is said, and asked for again with the next notice alone', async () => {
    const h = await addAddon(shared(), { generation: 'fir' })
    await change(h)
    for (const ms of [0, MINUTE, DAY]) {
      h.clock.advance(ms)
      await tell(h)
    }
    const [{ cursor } = { cursor: null }] = await cursorsOf(h)
    expect(cursor).toMatchObject({ attempts: 0, lastFailure: expect.stringContaining('Fir generation') })
    expect(cursor?.givenUp).not.toBeNull()
    expect(asks(h)).toHaveLength(1)
    expect(linesOf(h)).toEqual([])
  })

  test('is told nothing where the add-on was made with --log off, and of what comes once somebody switches it on', async () => {
    const h = await addAddon(shared(), { options: { log: 'off' } })
    await change(h)
    await tell(h)
    expect(linesOf(h)).toEqual([])
    expect(await switchLog(h.deps, { resourceId: h.addon.id, actor: ANN, on: true })).toBe(true)
    await tell(h)
    expect(linesOf(h)).toEqual([expect.stringMatching(/^securekey\.policy=changed .*what=log-on/)])
    await switchLog(h.deps, { resourceId: h.addon.id, actor: ANN, on: false })
    await change(h, 'tue')
    await tell(h)
    expect(linesOf(h)).toHaveLength(1)
  })

  test('holds a name in quotes as one value of one line, whatever is in it', async () => {
    const h = await addAddon(shared())
    const name = 'x" securekey.keys=revoked y="\\\nsecurekey.keys=revoked'
    await h.deps.db.updateTable('resources').set({ name }).where('id', '=', h.addon.id).execute()
    await change(h)
    await tell(h)
    expect(linesOf(h)).toHaveLength(1)
    expect(linesOf(h)[0]).toContain(
      String.raw`addon="x\" securekey.keys=revoked y=\"\\\nsecurekey.keys=revoked"`,
    )
  })
})

test('a repeated creation adds no second log, and one that is on says so', async () => {
  const h = await addAddon(shared())
  await provisionResource(h.deps, provisionRequest())
  const { resourceId } = await provisionResource(h.deps, provisionRequest({ options: { log: 'off' } }))
  const { targets } = await readNotices(h.deps, resourceId)
  expect(targets.filter(({ target }) => target.channel === 'log')).toHaveLength(1)
  expect(await switchLog(h.deps, { resourceId, actor: ANN, on: true })).toBe(false)
})

async function dekOf(h: HarnessWithAddon) {
  const row = await h.deps.db
    .selectFrom('resources')
    .selectAll()
    .where('id', '=', h.addon.id)
    .executeTakeFirstOrThrow()
  return { kekId: row.kek_id ?? '', wrapped: row.wrapped_dek ?? Buffer.alloc(0) }
}
