import { chmod, mkdtemp, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import { startProgram } from '../../acceptance/support/process.ts'
import { removeFolder } from '../../support/remove-folder.ts'
import { PGBOUNCER } from './toolchain.ts'

/** Starts PgBouncer in front of a database, with its settings as they come but for those given; returns its address. */
export async function startPgBouncer(databaseUrl: string, settings: Record<string, string>): Promise<string> {
  const { hostname, port, pathname, username, password } = new URL(databaseUrl)
  const listenPort = await freePort()
  const login = { user: decodeURIComponent(username), password: decodeURIComponent(password) }
  const folder = await mkdtemp(join(tmpdir(), 'pgbouncer-'))
  // It refuses to run as root, and reads this as somebody else.
  await chmod(folder, 0o755)
  const file = join(folder, 'pgbouncer.ini')
  const lines = {
    listen_addr: '127.0.0.1',
    listen_port: listenPort,
    unix_socket_dir: '',
    auth_type: 'any',
    ...settings,
  }
  await writeFile(
    file,
    [
      '[databases]',
      `* = host=${hostname} port=${port} dbname=${pathname.slice(1)} user=${login.user} password=${login.password}`,
      '[pgbouncer]',
      ...Object.entries(lines).map(([name, value]) => `${name} = ${value}`),
      '',
    ].join('\n'),
  )
  const asAnother = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const bouncer = startProgram(PGBOUNCER.program, [...asAnother, file], {})
  onTestFinished(async () => {
    await bouncer.kill()
    await removeFolder(folder)
  })
  await logged(bouncer.stderr, /process up/)
  return `postgres://${username}:${password}@127.0.0.1:${listenPort}${pathname}`
}

async function logged(text: () => string, pattern: RegExp): Promise<void> {
  await vi.waitUntil(() => pattern.test(text()), { timeout: 30_000 })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('there is no free port')
  return address.port
}
