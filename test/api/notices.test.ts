import { expect, test } from 'vitest'
import { setWindows } from '../../src/flows/dashboard/set-windows.ts'
import { cursorsOf, tell } from '../notices/support/tell.ts'
import { MINUTE } from '../support/harness.ts'
import { startApi } from './support/api.ts'
import { signedOnByCommandLine } from './support/command-line.ts'
import { ANN } from './support/token.ts'

test('notices are shown to whoever may read, and the log is switched by a person alone', async () => {
  const h = await startApi()
  const program = await h.callerWith('read', 'rotate', 'revoke')
  expect((await program('GET', '/notices')).body).toMatchObject({
    log: { failing_since: null, last_failure: null, given_up_at: null },
    newest: [{ kind: 'token-made' }],
  })
  // Whoever got hold of a token must not silence what tells of its use.
  expect((await program('PUT', '/notices', { body: { log: false } })).status).toBe(403)
  expect(await cursorsOf(h)).toHaveLength(1)
  const person = h.caller((await signedOnByCommandLine(h)).token)
  const off = await person('PUT', '/notices', { body: { log: false } })
  expect(off.body).toMatchObject({ log: null, newest: [{ kind: 'policy-changed' }, { kind: 'token-made' }] })
  expect((await person('PUT', '/notices', { body: { log: 'no' } })).status).toBe(400)
  expect((await person('PUT', '/notices', { body: { log: true } })).body.log).not.toBeNull()
})

test('say since when nothing arrives, and why', async () => {
  const h = await startApi()
  h.heroku.faults.add({ match: { path: '/logs' }, kind: 'status', status: 503 })
  await setWindows(h.deps, { resourceId: h.addon.id, actor: ANN, windows: [] })
  await setWindows(h.deps, {
    resourceId: h.addon.id,
    actor: ANN,
    windows: [{ days: [1], from: '09:00', to: '12:00', zone: 'UTC' }],
  })
  await tell(h)
  const call = await h.callerWith('read')
  const { body } = await call('GET', '/notices')
  expect(body.log).toMatchObject({
    failing_since: h.clock.now().toISOString(),
    last_failure: 'Heroku’s log answered 503',
    given_up_at: null,
  })
  h.clock.advance(MINUTE)
  await tell(h)
  expect((await call('GET', '/notices')).body.log).toMatchObject({ failing_since: null, last_failure: null })
})
