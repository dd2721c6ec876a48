import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import type { Command } from './procfile.ts'

/** One process of the service, as the Procfile names it. */
export type ServiceProcess = {
  name: string
  logFile: string
  /** How it ended, in words; it never rejects. */
  ended: Promise<string>
  /** Ends it as Heroku does: SIGTERM, and SIGKILL when it takes longer than its own limit. Answers how it ended. */
  stop: () => Promise<string>
}

/** Above the ten seconds that a process of the service allows itself (see run.ts). */
const STOP_LIMIT_MS = 13_000
const TAIL_LINES = 15
const TAIL_BYTES = 16_384

/**
 * Starts a process that writes to `logFile`, from the beginning of the file. It leads a session of its own, so that
 * Ctrl-C in the terminal is for us alone and the order of stopping is ours; when we are gone, its standard input
 * closes (see end-with-parent.ts).
 */
export async function startServiceProcess(
  name: string,
  command: Command,
  options: { cwd: string; env: Record<string, string>; logFile: string },
): Promise<ServiceProcess> {
  // Not through a pipe: it must be able to write its last words when we are gone.
  const log = await open(options.logFile, 'w', 0o600)
  try {
    const child = spawn(command.program, command.args, {
      cwd: options.cwd,
      env: options.env,
      stdio: ['pipe', log.fd, log.fd],
      detached: true,
      windowsHide: true,
    })
    child.stdin?.on('error', () => {})
    const ended = endOf(child)
    killAtExit(child, ended)
    return { name, logFile: options.logFile, ended, stop: () => stop(child, ended) }
  } finally {
    await log.close()
  }
}

/** The last lines that a process wrote. */
export async function logTail(logFile: string): Promise<string[]> {
  const text = await readFile(logFile, 'utf8').catch(() => '')
  return text.slice(-TAIL_BYTES).trim().split('\n').slice(-TAIL_LINES)
}

async function endOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = await once(child, 'exit')
    return signal ? `ended by ${signal}` : `ended with exit code ${code}`
  } catch (error) {
    return `could not be started (${error instanceof Error ? error.message : error})`
  }
}

/** Whoever will not wait for our end (a second Ctrl-C) leaves no process behind either, not even a hanging one. */
function killAtExit(child: ChildProcess, ended: Promise<string>): void {
  const kill = () => child.kill('SIGKILL')
  process.on('exit', kill)
  void ended.then(() => process.off('exit', kill))
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<string> {
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
  try {
    return await ended
  } finally {
    clearTimeout(force)
  }
}
