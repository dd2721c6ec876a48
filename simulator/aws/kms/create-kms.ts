import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ACTIONS } from './actions.ts'
import { type Caller, type Credentials, callerOf } from './caller.ts'
import type { Context } from './ciphertext.ts'
import { createKmsFaults, type KmsFault, type KmsFaults } from './faults.ts'
import { readInput } from './input.ts'
import { createKeys, type KmsKey, type NewKey } from './keys.ts'
import { KmsError } from './kms-error.ts'

/** A call as it came in; `error` is the exception that was its answer. */
export type KmsCall = {
  action: string
  keyId: string | undefined
  context: Context
  error: string | undefined
}

/** A fake of AWS KMS that real clients talk to: plain HTTP, JSON 1.1, all regions at one address. */
export type FakeKms = {
  listen: (options?: { host?: string; port?: number }) => Promise<{ url: string }>
  close: () => Promise<void>
  /** Makes a key without a call, enabled, with the policy of its account or another. */
  createKey: (asked: NewKey) => KmsKey
  /** The key of that ARN, to be looked at and changed. */
  key: (arn: string) => KmsKey | undefined
  faults: Pick<KmsFaults, 'add' | 'clear'>
  /** Every call that named an action, oldest first. */
  calls: () => readonly KmsCall[]
}

export type KmsOptions = {
  now: () => Date
  random: (bytes: number) => Buffer
  /** Who may sign. */
  credentials: readonly Credentials[]
}

const TARGET = /^TrentService\.([A-Za-z]{1,64})$/
const LARGEST_BODY_BYTES = 100_000
const MOST_CALLS_KEPT = 100_000

export function createFakeKms({ now, random, credentials }: KmsOptions): FakeKms {
  const keys = createKeys(random)
  const faults = createKmsFaults()
  const calls: KmsCall[] = []
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request)
    const [, action = ''] = TARGET.exec(String(request.headers['x-amz-target'] ?? '')) ?? []
    const fault = faults.take(action)
    const call = { action, ...told(body), error: faultName(fault) }
    calls.push(call)
    if (calls.length > MOST_CALLS_KEPT) calls.shift()
    if (fault) return await play(fault, request, response)
    try {
      send(response, 200, answer(request, action, body))
    } catch (error) {
      const refusal = error instanceof KmsError ? error : new KmsError('KMSInternalException', 'Broken')
      call.error = refusal.type
      send(response, refusal.status, { __type: refusal.type, message: refusal.message })
    }
  }

  function answer(request: IncomingMessage, action: string, body: Buffer): object {
    if (request.method !== 'POST' || request.url !== '/') {
      throw new KmsError('UnknownOperationException', 'Only POST / is served', 404)
    }
    if (!String(request.headers['content-type']).startsWith('application/x-amz-json-1.1')) {
      throw new KmsError('SerializationException', 'The body must be JSON 1.1')
    }
    const caller: Caller = callerOf(credentials, { headers: request.headers, body, service: 'kms' })
    const found = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined
    if (!found) throw new KmsError('UnknownOperationException', `${action} is not known`)
    keys.sweep(now())
    return found.run({ input: readInput(body, found.members), caller, keys, now: now(), random })
  }

  return {
    async listen({ host = '127.0.0.1', port = 0 } = {}) {
      server.listen(port, host)
      await once(server, 'listening')
      const { port: taken } = server.address() as AddressInfo
      return { url: `http://${host}:${taken}` }
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
    createKey: (asked) => keys.create(asked, now()),
    key: keys.byArn,
    faults,
    calls: () => calls,
  }
}

async function play(fault: KmsFault, request: IncomingMessage, response: ServerResponse): Promise<void> {
  switch (fault.kind) {
    case 'throttle':
      return send(response, 400, { __type: 'ThrottlingException', message: 'Rate exceeded' })
    case 'exception': {
      const { status } = new KmsError(fault.type, '', fault.status)
      return send(response, status, { __type: fault.type, message: 'A fault on command' })
    }
    case 'status':
      response.writeHead(fault.status, { 'content-type': 'text/html' }).end('<html></html>')
      return
    case 'cut':
      response.destroy()
      return
    case 'hang':
      await once(request.socket, 'close')
  }
}

function faultName(fault: KmsFault | undefined): string | undefined {
  return fault?.kind === 'exception' ? fault.type : fault?.kind
}

/** What a test wants to see of a call, however malformed that is. */
function told(body: Buffer): { keyId: string | undefined; context: Context } {
  try {
    const { KeyId, EncryptionContext } = JSON.parse(body.toString())
    return { keyId: KeyId, context: EncryptionContext ?? {} }
  } catch {
    return { keyId: undefined, context: {} }
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of request) {
    length += part.length
    if (length > LARGEST_BODY_BYTES) throw new KmsError('ValidationException', 'The body is too large')
    parts.push(part)
  }
  return Buffer.concat(parts)
}

function send(response: ServerResponse, status: number, body: object): void {
  const headers = { 'content-type': 'application/x-amz-json-1.1', connection: 'keep-alive' }
  response.writeHead(status, headers).end(JSON.stringify(body))
}
