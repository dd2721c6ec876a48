import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import staticFiles from '@fastify/static'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isOfOwnKey, SecurekeyError } from '../../domain/errors.ts'
import { logSecurityRefusal } from '../security-refused.ts'
import { baseOf } from './addresses.ts'
import { sendGone, sendMessage } from './messages.ts'

/** Only forms of the dashboard are posted here; the largest field are the AWS accounts of a private link. */
const FORM_LIMIT_BYTES = 16_384
/** Addresses counted at a time by the rate limits. They are per process. */
const ADDRESSES_COUNTED = 10_000

/**
 * Everything that routes for browsers share: cookies, forms, headers, limits, static files and errors as pages.
 * Nothing may be loaded from elsewhere, no page may be framed, and no script or style may stand in a page.
 */
export async function prepareForBrowsers(app: FastifyInstance): Promise<void> {
  app.setErrorHandler(handleBrowserError)
  // Forms and nothing else: what Heroku sends to the partner API is not for these routes.
  app.removeAllContentTypeParsers()
  await app.register(cookie)
  await app.register(formbody, { bodyLimit: FORM_LIMIT_BYTES })
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        'style-src': ["'self'"],
        'img-src': ["'self'"],
        'connect-src': ["'self'"],
        'form-action': ["'self'"],
        'base-uri': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    // Set for every answer, and only where the service is reached by https: `answer-headers.ts`.
    strictTransportSecurity: false,
    // No add-on page shares a process with the page that opened it.
    crossOriginOpenerPolicy: { policy: 'same-origin' },
  })
  await app.register(rateLimit, { global: false, cache: ADDRESSES_COUNTED })
  await app.register(staticFiles, {
    root: `${import.meta.dirname}/assets`,
    prefix: '/dashboard/assets/',
    // Asked for again each time, and answered with 304: a deployment is never seen with an old style.
    cacheControl: false,
    setHeaders: (reply) => void reply.header('cache-control', 'no-cache'),
  })
}

/** Errors as pages in words; what happened goes to the log alone. */
function handleBrowserError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): unknown {
  if (error instanceof SecurekeyError && error.code === 'resource-gone') return sendGone(reply)
  if (error instanceof SecurekeyError && error.code === 'plain-http') {
    return sendMessage(reply, 403, {
      title: 'This page is served by https only',
      paragraphs: [
        'Nothing was changed. What you sent has travelled unencrypted: please open the dashboard again.',
      ],
      howToOpen: true,
    })
  }
  if (error instanceof SecurekeyError && isOfOwnKey(error)) {
    request.log.info({ refusal: error.code, detail: error.detail }, 'request refused')
    const { resourceId } = request.params as { resourceId?: string }
    return sendMessage(reply, 503, {
      title: 'Your encryption key can’t be used just now',
      paragraphs: [error.message, 'Nothing was changed. Your apps keep the keys that they have.'],
      howToOpen: false,
      ...(resourceId !== undefined && { back: baseOf(resourceId) }),
    })
  }
  const status = error.statusCode ?? 500
  if (status === 429) {
    logSecurityRefusal(request, 'too-many-requests')
    return sendMessage(reply, 429, {
      title: 'Too many requests',
      paragraphs: ['Please wait a minute and try again. Nothing was changed.'],
      howToOpen: false,
    })
  }
  if (status >= 400 && status < 500) {
    request.log.info({ refusal: error.code }, 'request refused')
    return sendMessage(reply, status, {
      title: 'We couldn’t understand this request',
      paragraphs: ['Nothing was changed. Go back and try again.'],
      howToOpen: false,
    })
  }
  request.log.error({ err: error }, 'request failed')
  return sendMessage(reply, 500, {
    title: 'Something went wrong on our side',
    paragraphs: ['Your keys are safe. Please try again in a moment.'],
    howToOpen: false,
  })
}
