import type { Simulator } from '../../simulator/src/index.ts'
import { LocalStackError } from '../local-stack-error.ts'

/** What the API of the service says; `body` is empty where it says nothing. */
export type Said = { status: number; body: Readonly<Record<string, unknown>> }

/** The API of an add-on, asked as `heroku securekey:…` asks it. */
export type CommandLine = {
  ask: (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: object) => Promise<Said>
}

const ANSWER_LIMIT_MS = 10_000

/** Signs on as the command line does: by the form that Heroku signs, for a token. */
export async function signOnAsCommandLine({ customer }: Simulator, addonId: string): Promise<CommandLine> {
  const { url, fields } = customer.ssoForm({ addon: addonId })
  const { status, body } = await send(url, { method: 'POST', body: new URLSearchParams(fields) })
  const { token, api } = body
  if (typeof token !== 'string' || typeof api !== 'string') {
    throw new LocalStackError(`The service answered ${status} to the sign-on of the command line.`)
  }
  const authorization = `Bearer ${token}`
  return {
    ask: (method, path, asked) =>
      send(`${api}${path}`, {
        method,
        headers: { authorization, ...(asked && { 'content-type': 'application/json' }) },
        ...(asked && { body: JSON.stringify(asked) }),
      }),
  }
}

async function send(url: string, init: RequestInit & { headers?: Record<string, string> }): Promise<Said> {
  const headers = { accept: 'application/json', ...init.headers }
  const answer = await fetch(url, { ...init, headers, signal: AbortSignal.timeout(ANSWER_LIMIT_MS) })
  const body: unknown = await answer.json().catch(() => undefined)
  return { status: answer.status, body: typeof body === 'object' && body !== null ? { ...body } : {} }
}
