import { once } from 'node:events'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Db } from '../../src/store/database.ts'
import { ENDPOINT, headerOf } from './proxy-header.ts'

/** A connection to the private listener that has said nothing yet. */
export async function knock(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Sends these bytes in their pieces, and returns all that comes back until the connection ends. */
export async function exchange(port: number, ...pieces: (Buffer | string)[]): Promise<string> {
  const socket = (await knock(port)).setNoDelay(true)
  // Closed before all was sent: then nothing comes back.
  const answer = text(socket).catch(() => '')
  for (const piece of pieces) await new Promise((done) => socket.write(piece, done))
  return await answer
}

/** The statuses of all answers in what came back, in their order. */
export function statusesIn(answers: string): number[] {
  return [...answers.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
}

export function requestText(path: string, headers: Record<string, string> = {}, method = 'GET'): string {
  const lines = Object.entries({ host: 'x', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
}

/** Asks through an endpoint as a client does whose load balancer writes the header. */
export async function throughEndpoint(
  port: number,
  path: string,
  {
    method = 'GET',
    headers = {},
    body,
    header = headerOf(),
  }: {
    method?: string
    headers?: Record<string, string>
    body?: string
    header?: Buffer
  } = {},
) {
  const socket = await knock(port)
  socket.write(header)
  const agent = new Agent()
  agent.createConnection = () => socket
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  httpRequest(
    {
      agent,
      method,
      path,
      headers: {
        connection: 'close',
        ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
        ...headers,
      },
    },
    resolve,
  )
    .on('error', reject)
    .end(body)
  const response = await promise
  const answer = await text(response)
  socket.destroy()
  const type = String(response.headers['content-type'] ?? '')
  const json: Record<string, unknown> = type.includes('json') && answer !== '' ? JSON.parse(answer) : {}
  return {
    status: response.statusCode ?? 0,
    headers: new Headers(response.headers as Record<string, string>),
    text: answer,
    body: json,
    problem: String(json.type ?? '').replace('urn:securekey:problem:', ''),
  }
}

export const ACCOUNT = '123456789101'

const REGION = 'us-east-1'
const NLB = 'arn:aws:elasticloadbalancing:us-east-1:444455556666:loadbalancer/net/securekey/0123456789abcdef'
/** `PRIVATELINK_NLBS` of a service that has one. */
export const NLBS = `${REGION}=${NLB}`

/** Makes an endpoint of that account one that is there for an add-on. */
export async function linkEndpoint(
  db: Db,
  resourceId: string,
  { endpoint = ENDPOINT, account = ACCOUNT, dnsName = 'vpce-1.example.com' } = {},
): Promise<void> {
  const at = new Date(0)
  const link = { region: REGION, nlb_arn: NLB, client_token: resourceId, asked_at: at }
  await db
    .insertInto('private_links')
    .values({ resource_id: resourceId, ...link })
    .execute()
  const arn = `arn:aws:iam::${account}:root`
  await db
    .insertInto('private_link_accounts')
    .values({ resource_id: resourceId, arn, status: 'Active', since: at })
    .execute()
  const connection = {
    endpoint_id: endpoint,
    account,
    state: 'available' as const,
    dns_name: dnsName,
  }
  await db
    .insertInto('private_link_connections')
    .values({ resource_id: resourceId, ...connection })
    .execute()
}
