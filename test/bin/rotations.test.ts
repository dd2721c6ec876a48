import { expect, test } from 'vitest'
import { fingerprint } from '../../local/key-pair.ts'
import { keyDigest } from '../../src/domain/key.ts'
import { announceNext } from '../../src/flows/dashboard/announce-next.ts'
import { findResource } from '../../src/store/resources.ts'
import { keysOn, startWithAddon, tickUntilStuck } from '../support/addon.ts'
import { DAY, type Harness } from '../support/harness.ts'
import { stateOf, uuid } from '../support/resource.ts'
import { runProgram } from './support/run-program.ts'

const rotations = (harness: Harness, ...args: string[]) => runProgram(harness, 'rotations', args)

test('a stuck rotation is listed with its reason, and retry resumes it', async () => {
  const h = await startWithAddon()
  h.clock.advance(14 * DAY)
  await tickUntilStuck(h)

  const listed = await rotations(h, 'list', '--stuck')
  expect(listed.text).toContain(h.addon.id)
  expect(listed.text).toContain('1 in all stuck, by their last failure: missing 1.')
  expect(await rotations(h, 'retry', h.addon.name)).toMatchObject({ code: 0 })
  expect((await rotations(h, 'list', '--stuck')).text).toBe('No rotation is stuck.\n')
})

test('stuck rotations are resumed in bulk, by cause, and the command says what is left', async () => {
  const h = await startWithAddon()
  h.clock.advance(14 * DAY)
  await tickUntilStuck(h)
  expect(await rotations(h, 'retry', '--all', '--because', 'nonsense')).toMatchObject({
    code: 1,
    text: expect.stringContaining('KIND is one of unauthorized, missing,'),
  })
  expect((await rotations(h, 'retry', '--all', '--because', 'missing')).text).toBe(
    '1 rotations are resumed: workers take them up at their next tick. Nothing is left.\n',
  )
  expect((await stateOf(h.deps, h.addon.id)).rotation?.stuckSince).toBeNull()
})

test.each([
  [['replace', 'one-of-them', '--all']],
  [['replace', '--all', '--because', 'unavailable']],
  [['revoke', 'one-of-them', '--all', '--made-before', '2026-03-03T12:00:00Z']],
  [['retry', 'one-of-them', '--because', 'missing']],
])('%j is refused, since it would do more than it says', async (args) => {
  const h = await startWithAddon()
  expect(await rotations(h, ...args)).toMatchObject({ code: 1, text: expect.stringContaining('Usage:') })
})

test('what is adopted or replaced is foreign, and may be called so', async () => {
  const h = await startWithAddon()
  expect((await rotations(h, 'replace', '--all', '--because', 'foreign')).code).toBe(0)
})

test('an orphan is listed, and removed only with its name typed as the confirmation word', async () => {
  const h = await startWithAddon()
  h.heroku.faults.add({ match: { path: '/addons/' }, kind: 'status', status: 404, times: 999 })
  const since = new Date('2026-01-01T12:00:00Z')
  await h.deps.db.updateTable('resources').set({ missing_since: since }).execute()
  expect((await rotations(h, 'orphans')).text).toBe(
    `${h.addon.id}  ${h.addon.name}  plan fortnightly  Heroku does not know it since 2026-01-01T12:00:00.000Z\n1 in all.\n`,
  )
  const refused = await rotations(h, 'remove', h.addon.id, 'yes')
  expect(refused).toMatchObject({
    code: 1,
    text: expect.stringContaining(`remove ${h.addon.id} ${h.addon.name}`),
  })
  expect((await findResource(h.deps.db, h.addon.id))?.state).toBe('provisioned')
  expect(await rotations(h, 'remove', h.addon.id, h.addon.name)).toEqual({
    code: 0,
    text: `Removed: ${h.addon.name}. Its keys are erased.\n`,
  })
  expect((await findResource(h.deps.db, h.addon.id))?.state).toBe('deprovisioned')
})

test('list tells what holds all rotations back, once for all', async () => {
  const h = await startWithAddon()
  const since = new Date('2026-03-03T12:00:00Z')
  const trouble = { cause: 'account', verdict_at: since, failure: 'x', probe_at: since } as const
  await h.deps.db.insertInto('troubles').values(trouble).execute()
  expect((await rotations(h, 'list')).text).toContain(
    'Our account at Heroku is in trouble since 2026-03-03T12:00:00.000Z: its failures cost no add-on an attempt.',
  )
})

test('show names dates, stages and fingerprints, and no key', async () => {
  const h = await startWithAddon()
  const { text } = await rotations(h, 'show', h.addon.name)
  expect(text).toContain('next rotation  2026-03-17T12:00:00.000Z')
  expect(text).toContain('health         well')
  expect(text).toMatch(/2 {2}[0-9a-f]{8} {2}current/)
  expect(text).not.toMatch(/[0-9A-F]{64}/)
})

test('show says whether the next key is announced, and which it is', async () => {
  const h = await startWithAddon()
  const line = async () => /^next key .*$/m.exec((await rotations(h, 'show', h.addon.id)).text)?.[0]
  expect(await line()).toBe('next key       off')
  const request = { resourceId: h.addon.id, actor: { type: 'operator' } as const }
  await announceNext(h.deps, { ...request, on: true })
  expect(await line()).toBe('next key       on, not made yet')
  await h.worker1.tick()
  expect(await line()).toBe('next key       on, version 3 is announced')
  await announceNext(h.deps, { ...request, on: false })
  expect(await line()).toBe('next key       off, version 3 is being withdrawn')
})

test('show says how the add-on is doing, since when, and what an operator can do', async () => {
  const h = await startWithAddon()
  h.clock.advance(14 * DAY)
  await tickUntilStuck(h)
  const { text } = await rotations(h, 'show', h.addon.name)
  expect(text).toContain(`health         missing since ${h.clock.now().toISOString()}: Heroku answers 404.`)
  expect(text).toContain('next rotation  none before that is settled; due 2026-')
})

test('verify says what a key is, by its SHA-256 or its fingerprint, and says so when it is given a key', async () => {
  const h = await startWithAddon()
  const { first, second } = keysOn(h)
  const sha256 = keyDigest(first).toString('hex')
  expect(await rotations(h, 'verify', h.addon.name, sha256)).toEqual({
    code: 0,
    text: 'current, version 2\n',
  })
  expect(await rotations(h, 'verify', h.addon.id, fingerprint(second))).toEqual({
    code: 0,
    text: 'previous, version 1\n',
  })
  expect(await rotations(h, 'verify', h.addon.id, '0'.repeat(64))).toEqual({ code: 0, text: 'unknown\n' })
  const help = { code: 1, text: 'Give the SHA-256 of the key in lower-case hex, or its fingerprint.\n' }
  expect(await rotations(h, 'verify', h.addon.id)).toEqual(help)
  expect(await rotations(h, 'verify', h.addon.id, first)).toEqual(help)
  const nobody = await rotations(h, 'verify', uuid(99), sha256)
  expect(nobody).toEqual({ code: 1, text: 'There is no add-on of that id.\n' })
})

test('an unknown command prints the usage and fails', async () => {
  const h = await startWithAddon()
  expect(await rotations(h, 'frobnicate')).toMatchObject({ code: 1, text: expect.stringContaining('Usage') })
  expect(await rotations(h, 'show', 'nobody')).toMatchObject({
    code: 1,
    text: expect.stringContaining('nobody'),
  })
})

test('a name from outside moves no cursor and fills no screen, however it came into the database', async () => {
  const h = await startWithAddon()
  const name = `\u001b[2J\u001b]0;pwned\u0007${'x'.repeat(9_000)}`
  await h.deps.db.updateTable('resources').set({ name }).execute()
  const { text } = await rotations(h, 'show', h.addon.id)
  for (const sign of ['\u001b', '\u0007']) expect(text).not.toContain(sign)
  expect(text.length).toBeLessThan(3_000)
})

test('a revoke of all says whose keys are missing, and else how many there were', async () => {
  const h = await startWithAddon()
  expect((await rotations(h, 'revoke', '--all')).text).toContain('in UTC')
  const later = new Date(h.clock.now().getTime() + DAY).toISOString()
  expect((await rotations(h, 'revoke', '--all', '--made-before', later)).text).toContain('1 add-ons revoked')
})

test('a name that another add-on had before hits neither: whose it was is said, and the id is taken', async () => {
  const h = await startWithAddon()
  const { id, name } = h.addon
  await h.heroku.customer.rename({ addon: name, name: 'keys-of-ann' })
  for (const args of [['revoke'], ['replace'], ['now', '--even-if-too-soon']]) {
    const said = await rotations(h, args[0] ?? '', name, ...args.slice(1))
    expect(said).toMatchObject({
      code: 1,
      text: expect.stringContaining(`${id}, which is called "keys-of-ann" now`),
    })
  }
  expect((await stateOf(h.deps, id)).rotation).toBeNull()
  expect((await rotations(h, 'revoke', 'keys-of-ann')).text).toContain('Revoked')
})

test('a revoke by name does not wait for a Heroku that does not answer', async () => {
  const h = await startWithAddon()
  h.heroku.faults.add({ match: { path: '/addons/' }, kind: 'status', status: 503, times: 999 })
  expect((await rotations(h, 'revoke', h.addon.name)).text).toContain('Revoked')
})

test('a freeze for all is added, listed and ended, and shown of each add-on', async () => {
  const h = await startWithAddon()
  const year = new Date().getFullYear() + 1
  const dates = ['--from', `${year}-12-20`, '--to', `${year}-12-24`]
  expect(await rotations(h, 'freeze', ...dates)).toMatchObject({
    code: 1,
    text: expect.stringContaining('--reason'),
  })
  const frozen = await rotations(h, 'freeze', ...dates, '--zone', 'Europe/Berlin', '--reason', 'Christmas')
  expect(frozen.text).toContain(`${year}-12-19T23:00:00.000Z to ${year}-12-24T23:00:00.000Z (Europe/Berlin)`)
  const [, id = ''] = /Frozen: ([0-9a-f]{12})/.exec(frozen.text) ?? []
  expect((await rotations(h, 'freezes')).text).toContain(id)
  expect((await rotations(h, 'show', h.addon.id)).text).toContain(
    `frozen         ${year}-12-19T23:00:00.000Z`,
  )
  expect((await rotations(h, 'unfreeze', id)).text).toContain('Ended')
  expect((await rotations(h, 'freezes')).text).toBe('No freeze for all.\n')
  expect(await rotations(h, 'unfreeze', id)).toMatchObject({ code: 1 })
})
