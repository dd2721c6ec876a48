import type { FastifyInstance } from 'fastify'
import { type KeyUse, revealKey } from '../../flows/dashboard/reveal-key.ts'
import type { Guard } from './guard.ts'
import { sendMessage } from './messages.ts'
import { type DashboardDeps, shellOf } from './overview-page.ts'
import { sendPage } from './pages.ts'

const REVEALS_PER_MINUTE = 12
const SHOWN_SECONDS = 30

const USES: Readonly<Record<KeyUse, string>> = {
  signs: 'Apps sign with this key.',
  accepted: 'This key is still accepted, but apps no longer sign with it.',
  filler: 'This key holds the second place. It is never used for signing.',
  next: 'Apps accept this key already. It signs after the next rotation.',
  older: 'This key is no longer in the config var, and apps no longer sign with it.',
}

/**
 * Shows one key, after a form was sent for it. The answer is the only page that ever holds a key: it is not kept by
 * anything on the way, and leads back to the overview after 30 s, with or without a script.
 */
export function registerReveal(app: FastifyInstance, { deps }: DashboardDeps, guard: Guard): void {
  const config = { rateLimit: { max: REVEALS_PER_MINUTE, timeWindow: '1 minute' } }
  app.post(
    '/dashboard/:resourceId/reveal',
    { config },
    guard.keyAction(async (visit, form) => {
      const { resourceId, actor, base, reply } = visit
      const version = /^[0-9]{1,9}$/.test(String(form.version)) ? Number(form.version) : 0
      const outcome = await revealKey(deps, { resourceId, actor, version })
      if (outcome.outcome === 'no-such-key') {
        return sendMessage(reply, 404, {
          title: 'This key is gone',
          paragraphs: ['It has been erased and can no longer be shown.'],
          howToOpen: false,
          back: base,
        })
      }
      // A header, not a tag: it works without a script, and cannot be lost with one.
      reply.header('refresh', `${SHOWN_SECONDS};url=${base}`)
      return sendPage(reply, 'revealed', {
        title: `Key version ${version}`,
        shell: shellOf(visit, outcome.resource),
        key: outcome.key,
        version,
        fingerprint: outcome.fingerprint,
        use: USES[outcome.use],
        seconds: SHOWN_SECONDS,
      })
    }),
  )
}
