import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { describeCall } from './call-record.ts'
import { credentialIn, isPartnerCredential } from './credentials.ts'
import type { Endpoint } from './endpoint.ts'
import { finish, playFault } from './fault-player.ts'
import type { Heroku } from './heroku.ts'
import { performCall } from './perform-call.ts'
import { uuidFrom } from './randomness.ts'
import { sendAnswer } from './send-answer.ts'

/** Adds endpoints to the server: admission, rate limit, the record of calls, and faults are the same for all. */
export function serve(server: FastifyInstance, heroku: Heroku, endpoints: Endpoint[]): void {
  let requests = 0
  for (const endpoint of endpoints) {
    server.route({
      method: endpoint.method,
      url: endpoint.url,
      handler: async (request, reply) => {
        const requestId = uuidFrom(`request:${++requests}`)
        reply.header('request-id', requestId)
        await answerCall(heroku, endpoint, request, reply, requestId)
        return reply
      },
    })
  }
}

async function answerCall(
  heroku: Heroku,
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
  requestId: string,
): Promise<void> {
  const credential = credentialIn(request.headers.authorization)
  const perform = () => performCall(heroku, endpoint, request, credential)
  const call = describeCall(heroku, endpoint, request, credential, requestId)
  const by = isPartnerCredential(heroku, endpoint.access, credential) ? 'service' : 'customer'
  const hit = heroku.faults.take({ ...call, by })
  // What comes with a customer's key is not recorded: a test counts what the service does by itself.
  if (by === 'customer' && hit === undefined) {
    sendAnswer(request, reply, await perform())
    return
  }
  const record = heroku.apiCalls.begin(call)
  if (hit !== undefined) {
    record.fault = hit.fault.kind
    await playFault(heroku, hit, { request, reply, record, perform })
    return
  }
  const answer = await perform()
  finish(heroku, record, answer)
  sendAnswer(request, reply, answer)
}
