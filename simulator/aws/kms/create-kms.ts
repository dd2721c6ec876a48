import type { ServerResponse } from 'node:http'
import { type Credentials, callerOf, SignatureError, type SignatureReason } from '../caller.ts'
import { createCalls } from '../calls.ts'
import { type AwsFault, createFaults, type Faults, faultName } from '../faults.ts'
import { type AwsCall, type AwsServer, createAwsServer, playTransport, type Serve } from '../http-shell.ts'
import { ACTIONS } from './actions.ts'
import type { Context } from './ciphertext.ts'
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

/** AWS KMS without a server of its own: JSON 1.1, all regions at one address. */
export type KmsService = {
  serve: Serve
  /** Makes a key without a call, enabled, with the policy of its account or another. */
  createKey: (asked: NewKey) => KmsKey
  /** The key of that ARN, to be looked at and changed. */
  key: (arn: string) => KmsKey | undefined
  faults: Pick<Faults<AwsFault>, 'add' | 'clear'>
  /** Every call that named an action, oldest first. */
  calls: () => readonly KmsCall[]
}

/** A fake of AWS KMS that real clients talk to. */
export type FakeKms = KmsService & AwsServer

export type KmsOptions = {
  now: () => Date
  random: (bytes: number) => Buffer
  /** Who may sign. */
  credentials: readonly Credentials[]
}

const TARGET = /^TrentService\.([A-Za-z]{1,64})$/

/** The exception of KMS for a request that nobody is known to have signed. */
const NOT_SIGNED: Readonly<Record<SignatureReason, string>> = {
  missing: 'MissingAuthenticationTokenException',
  unknown: 'UnrecognizedClientException',
  expired: 'ExpiredTokenException',
  wrong: 'InvalidSignatureException',
}

export function createFakeKms(options: KmsOptions): FakeKms {
  const service = createKmsService(options)
  return { ...service, ...createAwsServer(service.serve) }
}

export function createKmsService({ now, random, credentials }: KmsOptions): KmsService {
  const keys = createKeys(random)
  const faults = createFaults<AwsFault>()
  const calls = createCalls<KmsCall>()

  async function serve(made: AwsCall, response: ServerResponse): Promise<void> {
    const [, action = ''] = TARGET.exec(String(made.request.headers['x-amz-target'] ?? '')) ?? []
    const fault = faults.take(action)
    const call = { action, ...told(made.body), error: faultName(fault) }
    calls.add(call)
    if (fault) return await play(fault, made, response)
    try {
      send(response, 200, answer(made, action))
    } catch (error) {
      const refusal = refusalOf(error)
      call.error = refusal.type
      send(response, refusal.status, { __type: refusal.type, message: refusal.message })
    }
  }

  function answer({ request, body }: AwsCall, action: string): object {
    if (request.method !== 'POST' || request.url !== '/') {
      throw new KmsError('UnknownOperationException', 'Only POST / is served', 404)
    }
    if (!String(request.headers['content-type']).startsWith('application/x-amz-json-1.1')) {
      throw new KmsError('SerializationException', 'The body must be JSON 1.1')
    }
    const caller = callerOf(credentials, { headers: request.headers, body, service: 'kms' })
    const found = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined
    if (!found) throw new KmsError('UnknownOperationException', `${action} is not known`)
    keys.sweep(now())
    return found.run({ input: readInput(body, found.members), caller, keys, now: now(), random })
  }

  return {
    serve,
    createKey: (asked) => keys.create(asked, now()),
    key: keys.byArn,
    faults,
    calls: calls.all,
  }
}

function refusalOf(error: unknown): KmsError {
  if (error instanceof KmsError) return error
  if (error instanceof SignatureError) return new KmsError(NOT_SIGNED[error.reason], error.message)
  return new KmsError('KMSInternalException', 'Broken')
}

async function play(fault: AwsFault, call: AwsCall, response: ServerResponse): Promise<void> {
  switch (fault.kind) {
    case 'throttle':
      return send(response, 400, { __type: 'ThrottlingException', message: 'Rate exceeded' })
    case 'exception': {
      const { status } = new KmsError(fault.type, '', fault.status)
      return send(response, status, { __type: fault.type, message: 'A fault on command' })
    }
    default:
      return await playTransport(fault, call, response)
  }
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

function send(response: ServerResponse, status: number, body: object): void {
  const headers = { 'content-type': 'application/x-amz-json-1.1', connection: 'keep-alive' }
  response.writeHead(status, headers).end(JSON.stringify(body))
}
