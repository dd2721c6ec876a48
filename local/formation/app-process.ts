import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { LocalStackError } from '../local-stack-error.ts'
import { pickPort } from '../ports.ts'
import { logTail, type ServiceProcess, startServiceProcess } from '../service-process.ts'
import type { Target } from './balancer.ts'

/** What a release of an app gives to its processes. */
export type AppRelease = { version: number; config: Readonly<Record<string, string>> }

/** A process of the app that listens; it runs one release and is never given another. */
export type AppProcess = Target & Pick<ServiceProcess, 'name' | 'ended' | 'stop'> & { version: number }

export type AppProgram = {
  /** The app's folder, and its program below it. */
  folder: string
  program: string
  /** What every process finds in its environment beside the config vars, and what no config var replaces. */
  env: Record<string, string>
  logFolder: string
}

/** Where a process writes; the next one of that name begins it anew. */
export function logFileOf({ logFolder }: Pick<AppProgram, 'logFolder'>, name: string): string {
  return join(logFolder, `app-${name}.log`)
}

const LISTEN_LIMIT_MS = 20_000
const LISTEN_POLL_MS = 50
const LONGEST_WORDS = 200

/**
 * Starts one process of the app with the config vars of a release as its environment, and waits until it listens. Throws
 * with its last words when it ends before that, or does not listen in time.
 */
export async function startAppProcess(
  app: AppProgram,
  name: string,
  release: AppRelease,
  signal: AbortSignal,
): Promise<AppProcess> {
  const { port } = await pickPort(undefined)
  const { folder, program, env } = app
  const logFile = logFileOf(app, name)
  const command = { program: process.execPath, args: [program] }
  const own = { ...release.config, ...env, PORT: String(port), HOST: '127.0.0.1' }
  const { ended, stop } = await startServiceProcess(name, command, { cwd: folder, env: own, logFile })
  const listening = new AbortController()
  try {
    const limit = AbortSignal.any([signal, listening.signal, AbortSignal.timeout(LISTEN_LIMIT_MS)])
    const early = await Promise.race([ended, untilListening(port, limit)])
    if (early !== undefined) throw new LocalStackError(`${name} ${early}`, await lastWords(logFile))
  } catch (error) {
    await stop()
    signal.throwIfAborted()
    throw error
  } finally {
    listening.abort()
  }
  return { name, version: release.version, label: `${name} on v${release.version}`, port, ended, stop }
}

/** Returns undefined when somebody takes connections at the port, or words for why nobody does. */
async function untilListening(port: number, limit: AbortSignal): Promise<string | undefined> {
  while (!limit.aborted) {
    const socket = connect(port, '127.0.0.1')
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (connected) return undefined
    await sleep(LISTEN_POLL_MS)
  }
  return `did not listen within ${LISTEN_LIMIT_MS / 1_000} s`
}

/** The error in its log, or the last line, and where to read on. */
async function lastWords(logFile: string): Promise<string[]> {
  const lines = await logTail(logFile)
  const words = lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? ''
  return [words.slice(0, LONGEST_WORDS), `see ${logFile}`]
}
