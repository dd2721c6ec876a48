import { Eta } from 'eta'
import type { FastifyReply } from 'fastify'

/** The pages that there are; each is a file of `views`, all in one frame. */
export type PageName =
  | 'overview'
  | 'rotations'
  | 'history'
  | 'script'
  | 'sessions'
  | 'access'
  | 'calendar'
  | 'notices'
  | 'token-life'
  | 'tokens'
  | 'fork'
  | 'fork-made'
  | 'token-made'
  | 'clients'
  | 'webhooks'
  | 'webhook'
  | 'webhook-made'
  | 'client-made'
  | 'revealed'
  | 'mail'
  | 'mail-link'
  | 'private-link'
  | 'message'

/** Who is signed in to what: the frame of every page but those that refuse. */
export type Shell = {
  title: string
  /** Where the pages of this resource live, without a slash at the end. */
  base: string
  name: string
  plan: string
  who: string
  verified: boolean
  /** Whether this session may see and revoke keys. */
  mayHandleKeys: boolean
  /** Over the legacy partner API, which names nobody and tells of no apps. */
  legacy: boolean
  /** The plan is for one of Heroku's spaces, and this service offers private links. */
  privateLink: boolean
  formToken: string
}

// Templates are read once, at their first use. `<%=` escapes; `<%~` is for templates inside templates alone.
const eta = new Eta({ views: `${import.meta.dirname}/views`, cache: true, autoEscape: true })

/** Sends a page. Nothing in front of us may keep it: it is about one person's session. */
export function sendPage(
  reply: FastifyReply,
  page: PageName,
  model: { shell: Shell | null; title: string } & Record<string, unknown>,
  status = 200,
): FastifyReply {
  return reply
    .status(status)
    .type('text/html; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(eta.render(page, model))
}
