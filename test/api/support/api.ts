import Schema from 'typebox/schema'
import { afterAll, expect } from 'vitest'
import type { Scope } from '../../../src/domain/api-token.ts'
import { type HarnessWithAddon, startWithAddon } from '../../support/addon.ts'
import { tokenOf } from './token.ts'

export type ApiAnswer = { status: number; headers: Headers; text: string; body: Record<string, unknown> }
export type Call = (
  method: string,
  path: string,
  request?: { body?: unknown; headers?: Record<string, string> },
) => Promise<ApiAnswer>

/** The parts of `/v1/openapi.json` that tests read. */
export type Document = {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, unknown> }
}
export type Operation = {
  operationId: string
  summary: string
  security: { token?: Scope[]; person?: Scope[]; client?: [] }[]
  parameters?: { name: string; in: string; schema: Record<string, unknown> }[]
  requestBody?: { content: Record<string, { schema: Record<string, unknown> }> }
  responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>
}

export type ApiHarness = HarnessWithAddon & {
  document: Document
  /** Calls the API with that token, or with none; fails when an answer is not as the document describes it. */
  caller: (text: string | null) => Call
  /** A caller with a token of these scopes. */
  callerWith: (...scopes: Scope[]) => Promise<Call>
}

/** The harness with the add-on, and its API as a program uses it. */
export async function startApi(options: Parameters<typeof startWithAddon>[0] = {}): Promise<ApiHarness> {
  const h = await startWithAddon(options)
  const document = (await (await fetch(`${h.url}/v1/openapi.json`)).json()) as Document
  const caller = (text: string | null): Call => {
    return async (method, path, { body, headers = {} } = {}) => {
      const response = await fetch(`${h.url}/v1${path}`, {
        method,
        headers: {
          ...(text !== null && { authorization: `Bearer ${text}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? null : isAsSent(body) ? body : JSON.stringify(body),
      })
      const answer = await response.text()
      const operation = operationOf(document, method, path)
      const type = response.headers.get('content-type') ?? ''
      if (operation) expectDescribed(document, operation, { status: response.status, type, text: answer })
      return {
        status: response.status,
        headers: response.headers,
        text: answer,
        body: answer === '' ? {} : JSON.parse(answer),
      }
    }
  }
  return {
    ...h,
    document,
    caller,
    callerWith: async (...scopes) => caller((await tokenOf(h, scopes)).text),
  }
}

/** Text and bytes go out as they are. */
function isAsSent(body: unknown): body is string | Buffer<ArrayBuffer> {
  return typeof body === 'string' || Buffer.isBuffer(body)
}

/** One for all tests of a file that change nothing; the first of them starts it. */
export function sharedApi(): () => Promise<ApiHarness> {
  let api: Promise<ApiHarness> | undefined
  const ends: (() => Promise<void>)[] = []
  afterAll(async () => {
    for (const end of ends) await end()
  })
  return () => {
    api ??= startApi({ whenFinished: (end) => ends.push(end) })
    return api
  }
}

/** Every operation of the document. */
export function operationsOf(document: Document) {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
}

function operationOf(document: Document, method: string, path: string): Operation | undefined {
  const [name = ''] = path.split('?')
  return operationsOf(document).find(
    (each) =>
      each.method === method && new RegExp(`^${each.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(`/v1${name}`),
  )?.operation
}

/** Fails unless the document describes this answer: its status, its type and its body. */
export function expectDescribed(
  document: Document,
  operation: Operation,
  answer: { status: number; type: string; text: string },
): void {
  const described = operation.responses[String(answer.status)]
  const what = `${operation.operationId} ${answer.status} ${answer.text}`
  expect(described, what).toBeDefined()
  const [type = ''] = answer.type.split(';')
  if (!described?.content) {
    expect(answer.text, what).toBe('')
    return
  }
  expect(Object.keys(described.content), what).toContain(type)
  const schema = resolved(document, described.content[type]?.schema)
  const [fits, errors] = Schema.Errors(schema as Parameters<typeof Schema.Errors>[0], JSON.parse(answer.text))
  expect(errors, what).toEqual([])
  expect(fits, what).toBe(true)
}

/** The schema with what it names in its place; an object holds what is described and nothing else. */
function resolved(document: Document, schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((each) => resolved(document, each))
  if (typeof schema !== 'object' || schema === null) return schema
  if ('$ref' in schema) {
    const name = String(schema.$ref).replace('#/components/schemas/', '')
    expect(document.components.schemas).toHaveProperty(name)
    return resolved(document, document.components.schemas[name])
  }
  const own = Object.fromEntries(
    Object.entries(schema).map(([name, each]) => [name, resolved(document, each)]),
  )
  return 'properties' in own && !('additionalProperties' in own)
    ? { ...own, additionalProperties: false }
    : own
}
