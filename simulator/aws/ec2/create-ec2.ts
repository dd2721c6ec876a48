import type { ServerResponse } from 'node:http'
import { type Credentials, callerOf, SignatureError, type SignatureReason } from '../caller.ts'
import { createCalls } from '../calls.ts'
import { type AwsFault, createFaults, type Faults, faultName } from '../faults.ts'
import { type AwsCall, type AwsServer, createAwsServer, playTransport, type Serve } from '../http-shell.ts'
import type { Action } from './action.ts'
import { CONNECTION_ACTIONS } from './connection-actions.ts'
import { CUSTOMER_ACTIONS } from './customer-actions.ts'
import { Ec2Error } from './ec2-error.ts'
import { readForm } from './form.ts'
import { SERVICE_ACTIONS } from './service-actions.ts'
import { createWorld, type Delays, type Endpoint, type EndpointService, settle } from './world.ts'
import { answerXml, errorXml } from './xml.ts'

/** A call as it came in; `error` is the code that was its answer. */
export type Ec2Call = {
  action: string
  parameters: Readonly<Record<string, string>>
  error: string | undefined
}

/** On top of what goes wrong with any service: a 200 that lists ids with which it was not done, all or these. */
export type Ec2Fault = AwsFault | { kind: 'unsuccessful'; code: string; ids?: readonly string[] }

/** The PrivateLink part of AWS EC2 without a server of its own: query protocol, all regions at one address. */
export type Ec2Service = {
  serve: Serve
  /** How long AWS takes from now on. */
  delays: Delays
  /** The service of that id, to be looked at and changed by hand. */
  service: (id: string) => EndpointService | undefined
  /** The endpoint of that id, likewise. */
  endpoint: (id: string) => Endpoint | undefined
  faults: Pick<Faults<Ec2Fault>, 'add' | 'clear'>
  /** Every call, oldest first. */
  calls: () => readonly Ec2Call[]
}

/** A fake of that part of EC2 that real clients talk to. */
export type FakeEc2 = Ec2Service & AwsServer

export type Ec2Options = {
  now: () => Date
  random: (bytes: number) => Buffer
  /** Who may sign. */
  credentials: readonly Credentials[]
  nlbs?: readonly string[]
  delays?: Partial<Delays>
  /** What one answer lists at most. */
  largestPage?: number
}

const ACTIONS: Readonly<Record<string, Action>> = {
  ...SERVICE_ACTIONS,
  ...CONNECTION_ACTIONS,
  ...CUSTOMER_ACTIONS,
}

/** The code of EC2 for a request that nobody is known to have signed. */
const NOT_SIGNED: Readonly<Record<SignatureReason, string>> = {
  missing: 'MissingAuthenticationToken',
  unknown: 'AuthFailure',
  expired: 'RequestExpired',
  wrong: 'SignatureDoesNotMatch',
}

export function createFakeEc2(options: Ec2Options): FakeEc2 {
  const service = createEc2Service(options)
  return { ...service, ...createAwsServer(service.serve) }
}

export function createEc2Service({
  now,
  random,
  credentials,
  nlbs = [],
  delays = {},
  largestPage = 1_000,
}: Ec2Options): Ec2Service {
  const world = createWorld(delays)
  for (const arn of nlbs) world.nlbs.add(arn)
  const faults = createFaults<Ec2Fault>()
  const calls = createCalls<Ec2Call>()

  let requests = 0

  async function serve(made: AwsCall, response: ServerResponse): Promise<void> {
    const parameters = Object.fromEntries(new URLSearchParams(made.body.toString()))
    const { Action: action = '' } = parameters
    const fault = faults.take(action)
    const call: Ec2Call = { action, parameters, error: faultName(fault) }
    calls.add(call)
    const requestId = `request-${++requests}`
    try {
      if (fault?.kind === 'throttle') throw new Ec2Error('RequestLimitExceeded', 'Request limit exceeded.')
      if (fault?.kind === 'exception') throw new Ec2Error(fault.type, 'A fault on command', fault.status)
      if (fault && fault.kind !== 'unsuccessful') return await playTransport(fault, made, response)
      const failing = (id: string) => ((fault?.ids?.includes(id) ?? true) ? fault?.code : undefined)
      send(response, 200, answerXml(action, requestId, answer(made, action, failing)))
    } catch (error) {
      const refusal = refusalOf(error)
      call.error = refusal.code
      send(response, refusal.status, errorXml(refusal.code, refusal.message, requestId))
    }
  }

  function answer(
    { request, body }: AwsCall,
    action: string,
    failing: (id: string) => string | undefined,
  ): ReturnType<Action['run']> {
    if (request.method !== 'POST' || request.url !== '/') {
      throw new Ec2Error('InvalidAction', 'Only POST / is served', 404)
    }
    const caller = callerOf(credentials, { headers: request.headers, body, service: 'ec2' })
    const found = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined
    if (!found) throw new Ec2Error('InvalidAction', `The action ${action} is not valid for this web service.`)
    const form = readForm(body, found.members)
    if (form.text('Version') !== '2016-11-15') throw new Ec2Error('NoSuchVersion', 'No such version')
    settle(world, now().getTime())
    const work = { form, caller, world, now: now(), random, largestPage, failing }
    return found.run(work)
  }

  return {
    serve,
    delays: world.delays,
    service(id) {
      settle(world, now().getTime())
      return world.services.get(id)
    },
    endpoint(id) {
      settle(world, now().getTime())
      return world.endpoints.get(id)
    },
    faults,
    calls: calls.all,
  }
}

function refusalOf(error: unknown): Ec2Error {
  if (error instanceof Ec2Error) return error
  if (error instanceof SignatureError) return new Ec2Error(NOT_SIGNED[error.reason], error.message)
  return new Ec2Error('InternalError', 'Broken')
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/xml;charset=UTF-8' }).end(body)
}
