import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import example from '../../../clients/examples/client-outside/package.json' with { type: 'json' }
import library from '../../../clients/node/package.json' with { type: 'json' }
import ours from '../../../package.json' with { type: 'json' }
import { requestRotation } from '../../../src/flows/dashboard/request-rotation.ts'
import { handedOverTo } from '../../api/support/client.ts'
import { ANN } from '../../api/support/token.ts'
import { type HarnessWithAddon, startWithAddon } from '../../support/addon.ts'
import { DAY } from '../../support/harness.ts'
import { removeFolder } from '../../support/remove-folder.ts'
import { blockAt } from './support/page-blocks.ts'

const ROOT = new URL('../../../', import.meta.url)
const EXAMPLE = fileURLToPath(new URL('clients/examples/client-outside/', ROOT))
const LIBRARY = fileURLToPath(new URL('local/formation/library-from-source.ts', ROOT))
const PAGE = 'docs/using/client-outside.md'
const LIMIT_MS = 180_000

/**
 * The service at its public address. Its clock stands in the past; the client, which has the clock of this machine, is told so.
 */
async function startService() {
  let target = 0
  const door = createServer((from) => {
    const to = connect(target, '127.0.0.1')
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const)
      one.on('error', () => other.destroy()).pipe(other)
  })
  await once(door.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void door.close())
  const address = `http://127.0.0.1:${(door.address() as AddressInfo).port}`
  const h = await startWithAddon({ env: { ADDON_URL: address } })
  target = Number(new URL(h.url).port)
  return { h, address }
}

/** A process of the server, with the config vars that Heroku has now. */
async function startServer(h: HarnessWithAddon): Promise<{ url: string; stop: () => void }> {
  const { SECURE_KEY = '', SECURE_KEYRING = '' } = h.heroku.view.configVars('service-1')
  const server = spawn(process.execPath, ['--import', LIBRARY, 'web.js'], {
    cwd: EXAMPLE,
    env: { SECURE_KEY, SECURE_KEYRING, PORT: '0', HOST: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const stop = () => void server.kill('SIGKILL')
  onTestFinished(stop)
  for await (const line of createInterface({ input: server.stdout })) {
    const [, port] = /^port (\d+)$/.exec(line) ?? []
    if (port) return { url: `http://127.0.0.1:${port}`, stop }
  }
  throw new Error('the server does not listen')
}

/** A client in a folder of its own, which was given the pair of now. `run` returns what it prints. */
function clientGiven(h: HarnessWithAddon, env: { SECURE_KEY_URL: string; CLIENT_SECRET: string }) {
  const folder = mkdtempSync(join(tmpdir(), 'securekey-outside-'))
  onTestFinished(() => removeFolder(folder))
  const { SECURE_KEY: keys } = h.heroku.view.configVars('service-1')
  const state = join(folder, 'state.json')
  writeFileSync(state, JSON.stringify({ keys }))
  const read = () => JSON.parse(readFileSync(state, 'utf8'))
  return {
    read,
    logOut: () => writeFileSync(state, JSON.stringify({ ...read(), session: undefined })),
    run: async (SERVER_URL: string): Promise<string> => {
      const client = spawn(process.execPath, ['--import', LIBRARY, join(EXAMPLE, 'client.js')], {
        cwd: folder,
        env: { ...env, SERVER_URL },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let printed = ''
      client.stdout.on('data', (chunk) => {
        printed += chunk
      })
      await once(client, 'close')
      return printed.trim().replaceAll('\n', ', ')
    },
  }
}

const rotate = async (h: HarnessWithAddon) => {
  h.clock.advance(10 * DAY)
  await requestRotation(h.deps, { resourceId: h.addon.id, actor: ANN, evenIfTooSoon: true })
  await h.worker1.tick()
}

test(
  'the client logs in with the previous key, is handed the latest, and stays logged in over three rotations',
  async () => {
    const { h, address } = await startService()
    const { text } = await handedOverTo(h)
    const env = { SECURE_KEY_URL: `${address}/v1`, CLIENT_SECRET: text }
    const [client, leftAlone] = [clientGiven(h, env), clientGiven(h, env)]
    await rotate(h)
    let server = await startServer(h)
    expect(await client.run(server.url)).toBe('laptop: logged in, handed-over')
    expect(await client.run(server.url)).toBe('laptop: still logged in, already-latest')
    for (let rotations = 2; rotations <= 3; rotations += 1) {
      server.stop()
      await rotate(h)
      server = await startServer(h)
      expect(await client.run(server.url)).toBe('laptop: still logged in, handed-over')
    }
    expect(client.read().keys.secureKey).toBe(h.heroku.view.configVars('service-1').SECURE_KEY)
    client.logOut()
    expect(await client.run(server.url)).toBe('laptop: logged in, already-latest')
    expect(await leftAlone.run(server.url)).toBe('not let in, refused: not-authenticated')
  },
  LIMIT_MS,
)

test(
  'with a leaked key alone nobody is handed a newer one, and after the next rotation he is not let in',
  async () => {
    const { h, address } = await startService()
    await handedOverTo(h)
    const made = 'sk_client_0123456789abcdef_00wfesa7hnndpa75gyfnj79sen6tckcay4346207nduncfp7gha546a7ce'
    const thief = clientGiven(h, { SECURE_KEY_URL: `${address}/v1`, CLIENT_SECRET: made })
    const { keys } = thief.read()
    await rotate(h)
    const before = await startServer(h)
    expect(await thief.run(before.url)).toBe('laptop: logged in, refused: not-authenticated')
    expect(thief.read().keys).toEqual(keys)
    thief.logOut()
    await rotate(h)
    const after = await startServer(h)
    expect(await thief.run(after.url)).toBe('not let in, refused: not-authenticated')
  },
  LIMIT_MS,
)

test('keys that come while the client saves its session are stored whole, and so is the session', async () => {
  const source = readFileSync(join(EXAMPLE, 'client.js'), 'utf8')
  const [imports] = /^import .* from 'node:fs.*$/m.exec(source) ?? []
  const [save] = /^(?:async )?function save[\s\S]*?^}$/m.exec(source) ?? []
  const folder = mkdtempSync(join(tmpdir(), 'securekey-outside-'))
  onTestFinished(() => removeFolder(folder))
  const both = "await Promise.all([save({ keys: 'x'.repeat(900) }), save({ session: 's' })])"
  const program = [imports, 'const state = {}', save, both].join('\n')
  const client = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: folder })
  const [code] = await once(client, 'close')
  expect(code).toBe(0)
  expect(JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8'))).toEqual({
    keys: 'x'.repeat(900),
    session: 's',
  })
})

test('the page shows the files of the example, and the example names the packages that are run here', () => {
  const file = (name: string) => readFileSync(join(EXAMPLE, name), 'utf8')
  expect(blockAt(PAGE, 'The server', 'js')).toBe(file('web.js'))
  expect(blockAt(PAGE, 'The client', 'js')).toBe(file('client.js'))
  const { express } = ours.devDependencies
  expect(example.dependencies).toEqual({
    express,
    jose: ours.dependencies.jose,
    securekey: `^${library.version}`,
  })
})
