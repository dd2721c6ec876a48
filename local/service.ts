import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { LocalStackError } from './local-stack-error.ts'
import { procfileCommand } from './procfile.ts'
import { logTail, type ServiceProcess, startServiceProcess } from './service-process.ts'

export type ServiceOptions = {
  /** Where the Procfile is, from where Heroku would start it. */
  root: string
  /** Where the logs go, one per process. */
  folder: string
  env: Record<string, string>
  url: string
  signal: AbortSignal
}

export type Service = {
  web: ServiceProcess
  worker: ServiceProcess
  /** The error of the process that ends first by itself; it never rejects. */
  broken: Promise<LocalStackError>
}

const RELEASE_LIMIT_MS = 120_000
const CONFIRM_LIMIT_MS = 30_000
const READY_LIMIT_MS = 60_000
const READY_POLL_MS = 100

/** Runs the release command of the Procfile to its end, as Heroku does before it starts a new version. */
export async function runRelease(options: ServiceOptions): Promise<string[]> {
  const release = await start(options, 'release')
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(RELEASE_LIMIT_MS)])
  signal.addEventListener('abort', () => void release.stop(), { once: true })
  const ending = await release.ended
  options.signal.throwIfAborted()
  if (ending !== 'ended with exit code 0') throw await brokenProcess(release, ending)
  return await logTail(release.logFile)
}

/**
 * Says that this is the installation which calls Heroku: the ports of the local stack may be others than last time, and
 * the service would take itself for a copy.
 */
export async function confirmInstallation(options: ServiceOptions): Promise<void> {
  const { root: cwd, folder, env, signal } = options
  const command = { program: process.execPath, args: ['src/bin/installation.ts', 'confirm'] }
  const confirm = await startServiceProcess('installation', command, {
    cwd,
    env,
    logFile: join(folder, 'installation.log'),
  })
  const limit = AbortSignal.any([signal, AbortSignal.timeout(CONFIRM_LIMIT_MS)])
  limit.addEventListener('abort', () => void confirm.stop(), { once: true })
  const ending = await confirm.ended
  signal.throwIfAborted()
  if (ending !== 'ended with exit code 0') throw await brokenProcess(confirm, ending)
}

/** Starts web and worker as the Procfile names them, and waits until web is ready. */
export async function startService(options: ServiceOptions, closers: AsyncDisposableStack): Promise<Service> {
  const web = await start(options, 'web')
  closers.defer(() => stop(web))
  const worker = await start(options, 'worker')
  closers.defer(() => stop(worker))
  const broken = Promise.race(
    [web, worker].map(async (process) => brokenProcess(process, await process.ended)),
  )
  const over = new AbortController()
  const signal = AbortSignal.any([options.signal, over.signal])
  try {
    await Promise.race([untilReady(options.url, signal), broken.then((error) => Promise.reject(error))])
  } finally {
    over.abort()
  }
  return { web, worker, broken }
}

async function start(options: ServiceOptions, type: string): Promise<ServiceProcess> {
  const { root, folder, env } = options
  const command = procfileCommand(await readFile(join(root, 'Procfile'), 'utf8'), type)
  return await startServiceProcess(type, command, { cwd: root, env, logFile: join(folder, `${type}.log`) })
}

async function brokenProcess({ name, logFile }: ServiceProcess, ending: string): Promise<LocalStackError> {
  return new LocalStackError(`${name} ${ending}. The end of ${logFile}:`, await logTail(logFile))
}

async function stop(process: ServiceProcess): Promise<void> {
  await process.stop()
}

/** Asks `/readyz` until it says that the service can do its work. */
async function untilReady(url: string, signal: AbortSignal): Promise<void> {
  const limit = AbortSignal.timeout(READY_LIMIT_MS)
  const either = AbortSignal.any([signal, limit])
  for (;;) {
    const answer = await fetch(`${url}/readyz`, { signal: either }).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok) return
    signal.throwIfAborted()
    if (limit.aborted)
      throw new LocalStackError(`The service was not ready within ${READY_LIMIT_MS / 1_000} s.`)
    await sleep(READY_POLL_MS)
  }
}
