import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startServiceProcess } from '../../local/service-process.ts'
import { removeFolder } from '../support/remove-folder.ts'

const SERVICE_PROCESS = new URL('../../local/service-process.ts', import.meta.url).href
const GUARD = new URL('../../local/end-with-parent.ts', import.meta.url).href

/** Says that it runs, ends in good order when told to, and would otherwise run for ever. */
const SERVICE = `
  process.on('SIGTERM', () => { console.log('ended in good order'); process.exit(0) })
  console.log('running', process.pid)
  setInterval(() => {}, 1_000)`

function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'service-process-'))
  onTestFinished(() => removeFolder(folder))
  return folder
}

async function start(program: string, name = 'web') {
  const folder = scratchFolder()
  const logFile = join(folder, `${name}.log`)
  const command = { program: process.execPath, args: ['--eval', program] }
  const service = await startServiceProcess(name, command, { cwd: folder, env: {}, logFile })
  onTestFinished(async () => void (await service.stop()))
  return { service, read: () => readFileSync(logFile, 'utf8') }
}

test('a process is ended by SIGTERM and may write its last words', async () => {
  const { service, read } = await start(SERVICE)
  await expect.poll(read).toContain('running')
  expect(await service.stop()).toBe('ended with exit code 0')
  expect(read()).toContain('ended in good order')
})

test('how a process ends by itself is told', async () => {
  const { service, read } = await start('console.error("no way"); process.exit(3)')
  expect(await service.ended).toBe('ended with exit code 3')
  expect(read()).toContain('no way')
})

test('a program that does not exist is told, not thrown', async () => {
  const logFile = join(scratchFolder(), 'web.log')
  const command = { program: '/no/such/program', args: [] }
  const service = await startServiceProcess('web', command, { cwd: '/', env: {}, logFile })
  expect(await service.ended).toMatch(/^could not be started \(.*ENOENT/)
})

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'a process ends in good order when its parent is ended by %s',
  async (signal) => {
    const { parent, pid, read } = await startParent(SERVICE)
    parent.kill(signal)
    await expect.poll(() => isAlive(pid)).toBe(false)
    expect(read()).toContain('ended in good order')
  },
)

test('a process that hangs is killed when its parent leaves at once', async () => {
  const hanging = `process.on('SIGTERM', () => {}); console.log('running', process.pid); for (;;);`
  const { parent, pid } = await startParent(hanging)
  parent.kill('SIGUSR2')
  await expect.poll(() => isAlive(pid)).toBe(false)
})

/** Another process that starts a service, and leaves at once on SIGUSR2. `pid` is the service's. */
async function startParent(service: string) {
  const folder = scratchFolder()
  const logFile = join(folder, 'web.log')
  const read = () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '')
  const env = { NODE_OPTIONS: `--import=${GUARD}` }
  const command = { program: process.execPath, args: ['--eval', service] }
  const program = `
    import { startServiceProcess } from ${JSON.stringify(SERVICE_PROCESS)}
    process.on('SIGUSR2', () => process.exit(1))
    await startServiceProcess('web', ${JSON.stringify(command)}, ${JSON.stringify({ cwd: folder, env, logFile })})
    setInterval(() => {}, 1_000)`
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', program])
  onTestFinished(() => void parent.kill('SIGUSR2'))
  await expect.poll(read).toContain('running')
  return { parent, read, pid: Number(/running (\d+)/.exec(read())?.[1]) }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
