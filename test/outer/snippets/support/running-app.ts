import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Cookies, cookieHeader, keepCookies } from './browser-cookies.ts'

const START_LIMIT_MS = 90_000
const REQUEST_LIMIT_MS = 30_000

/** How an app is started: it prints `port <number>` once it listens on 127.0.0.1. */
export type Start = { command: string; args: readonly string[]; cwd: string; env?: Record<string, string> }

/** The two variables of an app; null where one is not set. */
export type Variables = { secure_key: string | null; secure_keyring: string | null }

/** An app in a process of its own. `get` returns the text of the answer, and keeps what it sets. */
export type RunningApp = {
  get: (path: string, cookies: Cookies) => Promise<string>
  stop: () => Promise<void>
}

/** Starts the app with these variables. Throws with what it printed if it does not listen. */
export async function startApp(start: Start, variables: Variables): Promise<RunningApp> {
  const process = launch(start, variables)
  const port = await portOf(process)
  return {
    get: async (path, cookies) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        headers: { cookie: cookieHeader(cookies) },
        redirect: 'manual',
        signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
      })
      keepCookies(cookies, response)
      const text = await response.text()
      if (response.status !== 200) throw new Error(`${path} was answered with ${response.status}: ${text}`)
      return text.trim()
    },
    stop: () => end(process),
  }
}

/** What an app that must not start printed, and how it ended. */
export async function refusedStart(start: Start, variables: Variables) {
  const process = launch(start, variables)
  try {
    const port = await portOf(process)
    throw new Error(`it listens on port ${port}`)
  } catch (error) {
    return { printed: error instanceof Error ? error.message : String(error), code: process.exitCode }
  } finally {
    await end(process)
  }
}

function launch({ command, args, cwd, env }: Start, { secure_key, secure_keyring }: Variables): ChildProcess {
  const variables = {
    ...(secure_key === null ? {} : { SECURE_KEY: secure_key }),
    ...(secure_keyring === null ? {} : { SECURE_KEYRING: secure_keyring }),
  }
  const base = { PATH: globalThis.process.env.PATH, HOME: cwd, LC_ALL: 'C.UTF-8' }
  return spawn(command, args, {
    cwd,
    env: { ...base, ...env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function portOf(process: ChildProcess): Promise<number> {
  let printed = ''
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${why}:\n${printed}`))
    const timer = setTimeout(() => fail('it does not listen'), START_LIMIT_MS)
    const read = (chunk: Buffer) => {
      printed += chunk
      const [, port] = /^port (\d+)$/m.exec(printed) ?? []
      if (port === undefined) return
      clearTimeout(timer)
      resolve(Number(port))
    }
    process.stdout?.on('data', read)
    process.stderr?.on('data', read)
    process.once('error', (error) => fail(error.message))
    // `close`, not `exit`: by then all that it printed was read.
    process.once('close', (code) => {
      clearTimeout(timer)
      fail(`it ended with ${code}`)
    })
  })
}

async function end(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return
  process.kill('SIGKILL')
  await once(process, 'close')
}
