import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import type { EndingKey, EndsEarly } from '../../flows/ends-early.ts'
import { sendProblem } from './problems.ts'

/** The field by which a request says that keys may go early. */
export const Confirm = Type.Optional(
  Type.String({
    maxLength: 200,
    description: 'The `confirm` of the refusal `ends-early`: keys that are still needed may go.',
  }),
)

/** Refuses a press that ends keys before their time, and says what to send to go ahead. */
export function sendEndsEarly(reply: FastifyReply, { ends, confirm }: EndsEarly): FastifyReply {
  const words = ends.map(endWords)
  return sendProblem(reply, 'ends-early', {
    detail: `${words.join(' ')} To go ahead, send this again with "confirm": "${confirm}".`,
    confirm,
    ends: ends.map(({ fingerprint, from, instead }) => ({
      kid: fingerprint,
      from: from?.toISOString() ?? null,
      instead: instead?.toISOString() ?? null,
    })),
  })
}

function endWords({ fingerprint, from, instead }: EndingKey): string {
  if (!from)
    return `What key ${fingerprint} signs, and has signed, is good for less time once that key gives way.`
  const before = instead ? `, and not from ${instead.toISOString()}` : ''
  return `What key ${fingerprint} has signed is refused from ${from.toISOString()}${before}.`
}
