import { Agent, type Dispatcher } from 'undici'

const CONNECT_TIMEOUT_MS = 5_000
const HEADERS_TIMEOUT_MS = 12_000
const BODY_TIMEOUT_MS = 5_000
const KEEP_ALIVE_MS = 30_000
/** Heroku's longest answer to us is a page of attachments; more than this is not an answer of Heroku's. */
const LARGEST_ANSWER_BYTES = 1_048_576

/** The connections to Heroku: kept alive, bounded in number, each wait bounded in time. Close it at shutdown. */
export function createDispatcher(options: { connections: number }): Dispatcher {
  return new Agent({
    connections: options.connections,
    pipelining: 1,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: BODY_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxResponseSize: LARGEST_ANSWER_BYTES,
  })
}
