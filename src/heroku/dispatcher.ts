import { Agent, type Dispatcher } from 'undici'

const CONNECT_TIMEOUT_MS = 5_000
const HEADERS_TIMEOUT_MS = 12_000
const BODY_TIMEOUT_MS = 5_000
const KEEP_ALIVE_MS = 30_000
/** Heroku's longest answer to us is a page of attachments; more than this is not an answer of Heroku's. */
const LARGEST_ANSWER_BYTES = 1_048_576

/** All that a call needs of undici. */
export type Connections = {
  dispatch: (request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => void
  close: () => Promise<void>
}

const RESETS = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']

/** The code of an error by which the other side has reset the connection; undefined for any other. */
export function resetCodeOf(error: Error): string | undefined {
  const code = 'code' in error ? String(error.code) : ''
  return RESETS.includes(code) ? code : undefined
}

/**
 * The connections to Heroku: kept alive, bounded in number, each wait bounded in time. Once one of them was reset, all that
 * were open then are left: what made it stale has made the others stale too, and a call that is tried again must not meet
 * the next of them. Close it at shutdown.
 */
export function createDispatcher(options: { connections: number }): Connections {
  const leaving = new Set<Promise<void>>()
  let agent = openAgent(options)

  function leave(used: Agent): void {
    if (used !== agent) return
    agent = openAgent(options)
    // Calls that are under way on the others go on to their end.
    const left = used
      .close()
      .catch(() => undefined)
      .finally(() => leaving.delete(left))
    leaving.add(left)
  }

  return {
    dispatch(request, handler) {
      const used = agent
      used.dispatch(request, {
        ...handler,
        onResponseError(controller, error) {
          if (resetCodeOf(error)) leave(used)
          handler.onResponseError?.(controller, error)
        },
      })
    },
    async close() {
      await Promise.all([agent.close(), ...leaving])
    },
  }
}

function openAgent(options: { connections: number }): Agent {
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
