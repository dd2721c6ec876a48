import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Deps } from '../../flows/deps.ts'
import { followMailLink, type LinkUse, lookAtMailLink } from '../../flows/notices/mail/address-links.ts'
import { sendMessage } from '../dashboard/messages.ts'
import { sendPage } from '../dashboard/pages.ts'
import { addressOf } from '../security-refused.ts'

const LINKS_PER_MINUTE = 60
const FORM_LIMIT_BYTES = 8_192

type Words = { title: string; asks: string; button: string; done: string; after: string }

const WORDS: Readonly<Record<LinkUse, Words>> = {
  confirm: {
    title: 'Confirm this address',
    asks: 'Notices of this add-on will be mailed to the address at which you got the link. Every mail has a link that ends them.',
    button: 'Confirm the address',
    done: 'The address is confirmed',
    after: 'Notices of this add-on go to it from now on. You can close this page.',
  },
  unsubscribe: {
    title: 'Stop these mails',
    asks: 'Notices of this add-on will no longer be mailed to the address at which you got the link, and the address is forgotten.',
    button: 'Stop the mails',
    done: 'The mails have ended',
    after: 'The address is forgotten. You can close this page.',
  },
}

/**
 * Where links in mails lead: to a page with a button, so that a program which only looks at links changes nothing. They are
 * opened by whoever reads the mail, without a sign-on, and tell nothing of the add-on but its name. The link in the header of
 * a mail is posted to by mail programs (RFC 8058), with a form of one of two types.
 */
export async function registerMailLinks(app: FastifyInstance, deps: Deps): Promise<void> {
  const config = { rateLimit: { max: LINKS_PER_MINUTE, timeWindow: '1 minute' } }
  // What stands in it is no matter: the address of the request says it all.
  app.addContentTypeParser(
    'multipart/form-data',
    { parseAs: 'buffer', bodyLimit: FORM_LIMIT_BYTES },
    (_request, _body, done) => done(null, {}),
  )

  for (const use of ['confirm', 'unsubscribe'] as const) {
    const { title, asks, button, done, after } = WORDS[use]
    const path = `/mail/${use}/:link`

    app.get(path, { config }, async (request, reply) => {
      const found = await lookAtMailLink(deps, use, linkOf(request))
      if (found.outcome === 'over') return sendOver(reply, use)
      return sendPage(reply, 'mail-link', { title, shell: null, addon: found.addon, asks, button })
    })

    app.post(path, { config }, async (request, reply) => {
      const link = { text: linkOf(request), from: addressOf(request) }
      const followed = await followMailLink(deps, use, link)
      if (followed.outcome === 'over') return sendOver(reply, use)
      return sendMessage(reply, 200, {
        title: done,
        paragraphs: [`${followed.addon}: ${after}`],
        howToOpen: false,
      })
    })
  }
}

function linkOf(request: FastifyRequest): string {
  return (request.params as { link: string }).link
}

const OVER: Readonly<Record<LinkUse, string>> = {
  confirm: 'It works once and for three days. Whoever works with the add-on can send you another.',
  unsubscribe:
    'Its address gets no mails any more, or the link was cut off on the way: it must be opened as a whole.',
}

/** The same for a link that is used up, too old, or none of ours. */
function sendOver(reply: Parameters<typeof sendMessage>[0], use: LinkUse) {
  return sendMessage(reply, 410, { title: 'This link is over', paragraphs: [OVER[use]], howToOpen: false })
}
