import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { procfileCommand } from '../../../local/procfile.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** How a process ended: its exit code, or the signal that ended it. */
export type End = number | string

/** A process of the service, as the platform sees it: what it prints, how it ends, and the signals that it is sent. */
export type ServiceProcess = {
  stdout: () => string
  stderr: () => string
  end: Promise<End>
  /** Waits until it has printed something that matches, and answers the match. */
  printed: (pattern: RegExp) => Promise<RegExpExecArray>
  signal: (signal: NodeJS.Signals) => void
  /** Ends it whatever it does, for the end of a test. */
  kill: () => Promise<void>
}

/** Starts what the Procfile names, with these settings and no others. */
export async function startProcess(type: string, env: Record<string, string>): Promise<ServiceProcess> {
  const { program, args } = procfileCommand(await readFile(`${ROOT}/Procfile`, 'utf8'), type)
  return startProgram(program, args, env)
}

/** Starts any program, with these settings and no others. */
export function startProgram(program: string, args: string[], env: Record<string, string>): ServiceProcess {
  const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  const readers = new Set<() => void>()
  const tell = () => {
    for (const read of readers) read()
  }
  child.stdout.on('data', (chunk) => {
    stdout += chunk
    tell()
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
    tell()
  })
  // `close` comes after `exit`, when the last word was read.
  const end = once(child, 'close').then(([code, signal]): End => code ?? signal)
  return {
    stdout: () => stdout,
    stderr: () => stderr,
    end,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const read = () => {
          const match = pattern.exec(stdout)
          if (!match) return
          readers.delete(read)
          resolve(match)
        }
        readers.add(read)
        read()
        void end.then((how) =>
          reject(new Error(`ended with ${how} and never printed ${pattern}: ${stderr}${stdout}`)),
        )
      }),
    signal: (signal) => void child.kill(signal),
    async kill() {
      child.kill('SIGKILL')
      await end
    },
  }
}
