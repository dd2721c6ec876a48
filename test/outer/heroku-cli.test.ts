import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { formatWindows } from '../../src/domain/windows.ts'
import { revealKey } from '../../src/flows/dashboard/reveal-key.ts'
import { historyOf, stateOf } from '../support/resource.ts'
import { HEROKU_TOKEN } from './support/heroku-cli.ts'
import { historyKinds, NO_CLI, sharedCliWorld, unwrapped } from './support/heroku-cli-world.ts'

/** Each command is a process of a second or two, and of more where others work on the machine. */
const TEST_LIMIT_MS = 300_000
const world = sharedCliWorld()

describe.skipIf(NO_CLI)('heroku securekey:', { timeout: TEST_LIMIT_MS }, () => {
  test("Heroku's own commands create, attach and show an add-on, and its options arrive", async () => {
    const { harness, heroku, exchanged } = world()
    await harness.heroku.customer.createApp('own-1')
    await harness.heroku.customer.createApp('own-2')
    const created = await heroku('addons:create securekey:fortnightly -a own-1 -- --next --grace 48h')
    expect(created).toMatchObject({ code: 0 })
    const [, name = ''] = /Created (\S+) as /.exec(created.stdout) ?? []
    await exchanged(harness.heroku.view.addon(name).id)
    expect(await heroku(`addons:attach ${name} --as SERVICE_ONE_SECURE -a own-2`)).toMatchObject({ code: 0 })
    const shown = await heroku(`addons:info ${name}`)
    expect(shown.stdout).toMatch(/own-1::SECURE\n\s+own-2::SERVICE_ONE_SECURE/)

    const { stdout } = await world().securekey(`info ${name}`)
    expect(unwrapped(stdout)).toMatch(
      new RegExp(
        `=== ${name} Plan: securekey:fortnightly Health: All is well .* Grace period: 2d Token life: not stated Next key: announced .*` +
          'own-1::SECURE_KEY runs the current key .* own-2::SERVICE_ONE_SECURE_KEY runs the current key',
      ),
    )
  })

  test("Heroku's own addons:create passes windows as they are written, and shows why others are refused", async () => {
    const { harness, cli } = world()
    await harness.heroku.customer.createApp('window-1')
    const written = 'tue-thu 09:00-12:00 Europe/Berlin; sat 22:00-02:00 Europe/Berlin'
    const create = async (plan: string, window: string[]) => {
      harness.clock.advance(1_000)
      return await cli.run(['addons:create', `securekey:${plan}`, '-a', 'window-1', ...window])
    }
    const refused = await create('daily', ['--', '--window', written])
    expect(refused, refused.stderr).toMatchObject({ code: 2 })
    expect(unwrapped(refused.stderr)).toContain(
      'The option --window must open at least once in each 1 day, which is how often this plan rotates: up to 2 days 10 hours pass',
    )
    expect((await create('fortnightly', ['--', '--window', written])).code).toBe(0)
    expect((await create('fortnightly', ['--as', 'OTHER_SECURE', '--', `--window=${written}`])).code).toBe(0)
    for (const { id } of harness.heroku.view.addons().filter(({ app }) => app === 'window-1')) {
      expect(formatWindows((await stateOf(harness.deps, id)).calendar.windows)).toBe(written)
    }
  })

  test('each command that shows something gives JSON, and nothing else on standard output', async () => {
    const { securekey, newAddon } = world()
    const { id, name } = await newAddon('json-1')
    const read = async (words: string) => {
      const { code, stdout } = await securekey(`${words} -a json-1 --json`)
      expect(code, words).toBe(0)
      return JSON.parse(stdout)
    }
    expect(await read('info')).toMatchObject({ id, name, plan: 'fortnightly', apps: [{ name: 'json-1' }] })
    expect(await read('keys')).toMatchObject([{ use: 'sign' }, { use: 'filler' }])
    expect((await read('history -n 2')).map(({ kind }: { kind: string }) => kind)).toEqual([
      'signed-in',
      'signed-in',
    ])
    expect(await read('sessions')).toContainEqual(expect.objectContaining({ by: 'command-line', own: true }))
    expect(await read('tokens')).toEqual([])
    expect(await read('access')).toEqual({ accessors: [], unusual: [] })
    expect(await read('doctor')).toMatchObject({
      ok: true,
      apps: [{ name: 'json-1', adoption: 'current' }],
      rotation_now: { early: false, would_log_out: null },
    })
  })

  test('tables are plain text where no terminal is', async () => {
    const { securekey, newAddon } = world()
    await newAddon('plain-1')
    for (const words of ['keys', 'history', 'sessions']) {
      const { code, stdout, stderr } = await securekey(`${words} -a plain-1`)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).not.toContain('\u001b')
      expect(stdout.split('\n').length, words).toBeGreaterThan(3)
    }
  })

  test('access lists who uses an add-on and what was unusual, and --known marks that as known', async () => {
    const { harness, securekey, newAddon } = world()
    const { id: resourceId } = await newAddon('access-1')
    const ada = { type: 'person', verified: true, address: '203.0.113.9' } as const
    for (const userId of ['ada', 'bob']) {
      const actor = { ...ada, userId, email: `${userId}@example.com` }
      await revealKey(harness.deps, { resourceId, actor, version: 2 })
    }
    const listed = async (words = '') => {
      const { code, stdout, stderr } = await securekey(`access -a access-1 ${words}`)
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      return unwrapped(stdout)
    }
    expect(await listed()).toMatch(/bob@example\.com saw a key for the first time.* no .*ada@example\.com/)
    expect(await listed('--known')).toContain('Marked 1 as known.')
    expect(await listed('--known')).not.toContain('Marked')
    const rows = await historyOf(harness.deps, resourceId)
    expect(rows.map(({ kind }) => kind)).toContain('unusual-access-known')
  })

  test('an add-on is found by the app, its name, an attachment, or the remote; several are named', async () => {
    const { harness, securekey, newAddon, cli } = world()
    const addon = await newAddon('find-1')
    await harness.heroku.customer.createApp('find-2')
    await harness.heroku.customer.attach({ addon: addon.name, app: 'find-2', as: 'OTHER' })
    const folder = join(cli.home, 'work')
    execFileSync('git', ['init', '--quiet', folder])
    const found = async (words: string) => {
      const { code, stdout } = await securekey(`info ${words} --json`, { cwd: folder })
      expect(code, words).toBe(0)
      expect(JSON.parse(stdout).id, words).toBe(addon.id)
    }
    const { host } = new URL(harness.heroku.url)
    execFileSync('git', ['-C', folder, 'remote', 'add', 'staging', `https://${host}/find-1.git`])
    await found(addon.name)
    await found('OTHER -a find-2')
    await found('find-2::OTHER')
    await found('-r staging')

    const second = await newAddon('find-1', {}, { as: 'SECOND' })
    const several = await securekey('info -a find-1')
    expect(several.code).toBe(1)
    for (const name of [addon.name, second.name]) expect(unwrapped(several.stderr)).toContain(name)
    await harness.heroku.customer.createApp('find-3')
    const none = await securekey('info -a find-3')
    expect(none).toMatchObject({ code: 1, stdout: '' })
    expect(unwrapped(none.stderr)).toContain(
      'find-3 has no add-on securekey. Create one: heroku addons:create',
    )
    expect(unwrapped((await securekey('info nothing-of-the-kind')).stderr)).toContain("Couldn't find that")
  })

  test('what is typed wrongly ends with 2 and asks nobody', async () => {
    const { securekey, proxy } = world()
    for (const words of [
      'info',
      'next sideways -a x',
      'wait -a x --timeout soon',
      'pause -a x --reason r --until tomorrow',
      'tokens:destroy -a x',
    ]) {
      const { code, stdout } = await securekey(words)
      expect({ code, stdout }, words).toEqual({ code: 2, stdout: '' })
    }
    expect(proxy.passed).toEqual([])
  })
})

describe.skipIf(NO_CLI)('heroku securekey:rotate', { timeout: TEST_LIMIT_MS }, () => {
  test('says what happens, rotates, and with --wait returns when every app runs the new key', async () => {
    const { harness, securekey, newAddon, asked } = world()
    await newAddon('rotate-1')
    const worker = harness.worker()
    const running = securekey('rotate -a rotate-1 --wait --wait-interval 1')
    await asked('POST', '/v1/rotations')
    await worker.tick()
    const { code, stdout, stderr } = await running
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Every app runs the new key.\n' })
    expect(unwrapped(stderr)).toMatch(
      /^The app rotate-1 restarts\. What was signed with key \w{8} is good until .* UTC \(in 14 days\)\. Rotating the keys of/,
    )
    // Each step is a line of its own, without a spinner.
    expect(stderr).not.toContain('\u001b')
    const { stdout: keys } = await securekey('keys -a rotate-1 --json')
    expect(JSON.parse(keys)).toMatchObject([
      { use: 'sign', version: 3 },
      { use: 'verify', version: 2 },
    ])
  })

  test('asks first where something is refused early: nothing happens without the right word', async () => {
    const { harness, securekey, newAddon, proxy } = world()
    const addon = await newAddon('early-1')
    await harness.heroku.customer.createApp('early-2')
    await harness.heroku.customer.attach({ addon: addon.name, app: 'early-2', as: 'EARLY' })
    const worker = harness.worker()
    await securekey('rotate -a early-1')
    await worker.tick()
    harness.clock.advance(3 * 3_600_000)

    const unasked = await securekey('rotate -a early-1')
    expect(unasked).toMatchObject({ code: 1, stdout: '' })
    expect(unwrapped(unasked.stderr)).toMatch(
      /Destructive Action The apps early-1 and early-2 restart\. What was signed with the previous key \w{8}, .* is refused as soon as they have restarted.* logged out\. .* Re-run this command with --confirm early-1\. Aborted\.$/,
    )
    const wrong = await securekey('rotate -a early-1 --confirm early-2')
    expect(wrong).toMatchObject({ code: 1, stdout: '' })
    expect(unwrapped(wrong.stderr)).toMatch(
      /^The apps early-1 and early-2 restart\. .* Error: Confirmation early-2 did not match early-1\. Aborted\.$/,
    )
    expect(proxy.passed.filter(({ path }) => path === '/v1/rotations')).toHaveLength(1)

    const typed = await securekey('rotate -a early-1', { terminal: true, input: 'early-1\n' })
    expect(typed.code, typed.stdout).toBe(0)
    expect(typed.stdout).toContain('is under way')
    await worker.tick()
    const right = await securekey('rotate -a early-1 --force --confirm early-1 --json')
    expect(right.code).toBe(0)
    expect(JSON.parse(right.stdout)).toMatchObject({ outcome: 'requested', rotation: { reason: 'manual' } })
    const joined = await securekey('rotate -a early-1')
    expect(joined).toMatchObject({ code: 0 })
    expect(joined.stdout).toMatch(/^Rotation \S+ was under way already\./)
  })

  test('tells from when on it is possible, where the current key is very new', async () => {
    const { harness, securekey, newAddon } = world()
    await newAddon('soon-1')
    await securekey('rotate -a soon-1')
    await harness.worker().tick()
    const { code, stderr } = await securekey('rotate -a soon-1 --confirm soon-1')
    expect(code).toBe(1)
    expect(unwrapped(stderr)).toMatch(
      /very new\. .* Possible from .* UTC .* With --force nobody is waited for/,
    )
  })
})

describe.skipIf(NO_CLI)('heroku securekey:wait', { timeout: TEST_LIMIT_MS }, () => {
  test('returns at once where nothing is under way, and ends with 1 when its time is over', async () => {
    const { securekey, newAddon } = world()
    const { name } = await newAddon('wait-1')
    expect(await securekey(`wait ${name}`)).toMatchObject({ code: 0, stdout: '' })
    await securekey('rotate -a wait-1')
    const { code, stderr } = await securekey('wait -a wait-1 --timeout 1s --wait-interval 1')
    expect(code).toBe(1)
    expect(unwrapped(stderr)).toContain('The time is over, and this is still so: the rotation is under way.')
  })
})

describe.skipIf(NO_CLI)('heroku securekey:revoke', { timeout: TEST_LIMIT_MS }, () => {
  test('replaces both keys after the name of the app, and waits by a sign-on of its own', async () => {
    const { harness, securekey, newAddon, asked, proxy } = world()
    const addon = await newAddon('revoke-1')
    proxy.passed.length = 0
    const refused = await securekey('revoke -a revoke-1')
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(unwrapped(refused.stderr)).toMatch(/The app revoke-1 restarts\. .* people are logged out\./)
    expect(proxy.passed.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /sso/login',
      'GET /v1/resource',
    ])

    const running = securekey('revoke -a revoke-1 --confirm revoke-1 --wait --wait-interval 1')
    await asked('POST', '/v1/revocations')
    await harness.worker().tick()
    const { code, stdout } = await running
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'Every app runs new keys. The old ones are revoked.\n',
    })
    expect(await historyKinds(harness, addon.id)).toContain('keys-revoked')
  })
})

describe.skipIf(NO_CLI)('what the schedule does', { timeout: TEST_LIMIT_MS }, () => {
  test('is paused, resumed, given another grace period, and announces the next key', async () => {
    const { harness, securekey, newAddon } = world()
    await newAddon('policy-1')
    const says = async (words: string, stdout: RegExp, exit = 0) => {
      const ran = await securekey(words)
      expect(ran.code, `${words}: ${ran.stderr}`).toBe(exit)
      expect(unwrapped(ran.stdout), words).toMatch(stdout)
    }
    await says('pause -a policy-1 --reason freeze --until 7d', /^Paused until .* UTC \(in 7 days\): freeze$/)
    await says(
      'pause -a policy-1 --reason other',
      /^Was paused already, and nothing changed: until .*: freeze$/,
    )
    await says('doctor -a policy-1', /RED: Scheduled rotations are paused until .*: freeze\./, 1)
    await says('resume -a policy-1', /^Resumed\. The next rotation is at .* UTC \(in 14 days\)\.$/)
    await says(
      'grace 48h -a policy-1',
      /^Old keys are accepted for 2d after their successor was published\.$/,
    )
    await says('grace 1s -a policy-1', /^$/, 2)
    await says('next on -a policy-1', /^The next key is announced\.$/)
    await says('next off -a policy-1', /^The next key is not announced\.$/)

    await says('grace period -a policy-1', /^Old keys are accepted until the next rotation\.$/)
    await securekey('rotate -a policy-1')
    await harness.worker().tick()
    // Shorter than what the old key has: it would end earlier.
    await says('grace 48h -a policy-1', /^$/, 1)
    await says('grace 48h -a policy-1 --confirm policy-1', /^Old keys are accepted for 2d/)
  })
})

describe.skipIf(NO_CLI)('heroku securekey:doctor', { timeout: TEST_LIMIT_MS }, () => {
  test('says which app is behind and what a rotation now would log out, and ends with 1', async () => {
    const { harness, securekey, newAddon } = world()
    const addon = await newAddon('sick-1')
    const { customer } = harness.heroku
    await customer.createApp('sick-2')
    await customer.attach({ addon: addon.name, app: 'sick-2', as: 'SICK' })
    await customer.setReleaseCommand('sick-2', 'fails')
    await securekey('rotate -a sick-1')
    await harness.worker().tick()
    const { code, stdout, stderr } = await securekey('doctor -a sick-1')
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout).toMatch(
      /^RED: sick-2 still runs the previous key \(SICK_KEY\)\. Deploy it, or mend its release\.$/m,
    )
    expect(stdout).toMatch(/^GREEN: SECURE_KEY at Heroku holds the keys \w{8} and \w{8}\.$/m)
    expect(stdout).toMatch(/^sick-2::SICK_KEY still runs the previous key$/m)
    expect(unwrapped(stdout)).toMatch(
      /=== A rotation now .* is refused as soon as .* sick-2 still signs with that key/,
    )
  })
})

describe.skipIf(NO_CLI)('heroku securekey:tokens', { timeout: TEST_LIMIT_MS }, () => {
  test('creates a token that works, prints it alone, lists it without, and ends it', async () => {
    const { securekey, newAddon, proxy } = world()
    await newAddon('tokens-1')
    const made = await securekey('tokens:create -a tokens-1 --name ci --scope rotate,read --expires 30d')
    expect(made.code, made.stderr).toBe(0)
    expect(made.stdout).toMatch(/^sk_api_\w+\n$/)
    expect(unwrapped(made.stderr)).toMatch(
      /Token ci \(\w{16}\) may read and rotate until .* \(in 30 days\)\. It is shown once:$/,
    )
    const token = made.stdout.trim()
    const ask = () => fetch(`${proxy.url}/v1/resource`, { headers: { authorization: `Bearer ${token}` } })
    expect((await ask()).status).toBe(200)

    const listed = await securekey('tokens -a tokens-1')
    expect(listed.stdout).toMatch(/ci\s+read, rotate\s+customer@example\.com/)
    expect(listed.stdout).not.toContain(token)
    const unasked = await securekey('tokens:destroy ci -a tokens-1')
    expect(unasked.code).toBe(1)
    expect(unwrapped(unasked.stderr)).toContain('The token ci (')
    expect((await ask()).status).toBe(200)
    const ended = await securekey('tokens:destroy ci -a tokens-1 --confirm tokens-1')
    expect(ended).toMatchObject({ code: 0, stdout: '1 token has ended.\n' })
    expect((await ask()).status).toBe(401)

    await securekey('tokens:create -a tokens-1 --name a --scope read')
    await securekey('tokens:create -a tokens-1 --name b --scope read')
    const all = await securekey('tokens:destroy --all -a tokens-1 --confirm tokens-1')
    expect(all).toMatchObject({ code: 0, stdout: '2 tokens have ended.\n' })
    expect((await securekey('tokens:destroy a -a tokens-1 --confirm tokens-1')).code).toBe(1)
  })
})

describe.skipIf(NO_CLI)('secrets', () => {
  test("the user's token went to Heroku alone, in all that the commands above sent", () => {
    const { sent } = world().proxy
    expect(sent.length).toBeGreaterThan(10)
    const [, secret = ''] = HEROKU_TOKEN.split('HRKU-')
    expect(sent.filter((request) => JSON.stringify(request).includes(secret))).toEqual([])
    expect(sent.filter(({ head }) => /^cookie$/im.test(head))).toEqual([])
    const signOns = sent.filter(({ path }) => path === '/sso/login')
    expect(signOns.filter(({ head }) => /^authorization$/im.test(head))).toEqual([])
  })

  test('with HEROKU_DEBUG=1 neither keys nor a signed form nor a token is printed', async () => {
    const { securekey, newAddon, harness, proxy } = world()
    const { id } = await newAddon('debug-1')
    proxy.passed.length = 0
    const env = { DEBUG: '*', HEROKU_DEBUG: '1', HEROKU_DEBUG_HEADERS: '1' }
    const { code, stdout, stderr } = await securekey('doctor -a debug-1', { env })
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('GREEN: SECURE_KEY at Heroku holds the keys')
    expect(stderr).toContain(`/addons/${id}/config`)
    const { SECURE_KEY = '' } = harness.heroku.view.addon(id).config
    const [form = ''] = proxy.sent
      .filter(({ path }) => path === '/sso/login')
      .map(({ body }) => body)
      .slice(-1)
    const signed = new URLSearchParams(form).get('resource_token') ?? 'no form'
    for (const secret of [...SECURE_KEY.split(','), signed, 'sk_cli_', HEROKU_TOKEN]) {
      expect(stdout + stderr).not.toContain(secret)
    }
  })

  test('no token that the service gave stands in a file of the user', () => {
    const { proxy, cli } = world()
    const tokens = proxy.sent.flatMap(({ answer }) => /"token":"(sk_\w+)"/.exec(answer)?.[1] ?? [])
    expect(tokens.length).toBeGreaterThan(3)
    const files = readdirSync(cli.home, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    )
    const texts = files.map((file) => readFileSync(join(file.parentPath, file.name), 'utf8')).join('\n')
    expect(texts).not.toBe('')
    expect(tokens.filter((token) => texts.includes(token))).toEqual([])
    expect(texts).not.toContain('sk_cli_')
  })
})
