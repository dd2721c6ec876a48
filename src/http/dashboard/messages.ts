import type { FastifyReply } from 'fastify'
import { sendPage } from './pages.ts'

/**
 * The page of every refused sign-on and of every session that is over. It is the same for all of them, so that it
 * tells nobody which part of a sign-on was wrong. `again` is where the browser may find the session it has.
 */
export function sendNotSignedIn(reply: FastifyReply, again?: string): FastifyReply {
  return sendMessage(reply, 403, {
    title: 'Please open the dashboard again',
    paragraphs: [
      'You are not signed in, or your session has ended. A sign-on link works only once and expires after five minutes.',
    ],
    howToOpen: true,
    ...(again === undefined ? {} : { again }),
  })
}

/** The page of a session whose add-on was removed. */
export function sendGone(reply: FastifyReply): FastifyReply {
  return sendMessage(reply, 410, {
    title: 'This add-on was removed',
    paragraphs: ['Its keys have been erased. You can close this page.'],
    howToOpen: false,
  })
}

/** The page of a form that was not made by the session that sends it. */
export function sendWrongForm(reply: FastifyReply, back: string): FastifyReply {
  return sendMessage(reply, 403, {
    title: 'Nothing was changed',
    paragraphs: ['This form belongs to a different session, perhaps in another tab. Go back and try again.'],
    howToOpen: false,
    back,
  })
}

/** The page of somebody whose sign-on did not name him, where a key would be shown or replaced. */
export function sendUserSignOnRequired(
  reply: FastifyReply,
  back: string,
  { legacy }: { legacy: boolean },
): FastifyReply {
  const again = legacy
    ? 'This add-on runs over Heroku’s older partner API, which names nobody. If'
    : 'If opening the dashboard again from Heroku does not help and'
  return sendMessage(reply, 403, {
    title: legacy ? 'This needs a sign-on by name' : 'Please sign on again, by name',
    paragraphs: [
      'Nothing was changed. Keys are only shown and revoked by somebody whom Heroku has named. Your sign-on named nobody.',
      `${again} a key has leaked, ask our operators: they can revoke it.`,
    ],
    howToOpen: !legacy,
    back,
  })
}

/** A page that only says something. */
export function sendMessage(
  reply: FastifyReply,
  status: number,
  message: { title: string; paragraphs: string[]; howToOpen: boolean; back?: string; again?: string },
): FastifyReply {
  return sendPage(reply, 'message', { shell: null, back: '', again: '', ...message }, status)
}
