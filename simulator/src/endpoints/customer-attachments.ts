import { addonObject, attachmentObject } from '../api-objects.ts'
import { attach, detach } from '../attaching.ts'
import { reachableApp } from '../credentials.ts'
import { findAttachment } from '../customer.ts'
import { type Call, created, type Endpoint, ok } from '../endpoint.ts'
import { objectFrom, optionalText, optionalTexts, requiredText } from '../fields.ts'
import type { Heroku } from '../heroku.ts'
import { notFound } from '../heroku-error.ts'
import { page } from '../paging.ts'
import { userOf, worksOn } from '../users.ts'
import type { Attachment } from '../world.ts'
import { resolveAddons, resolveAttachments } from './resolving.ts'

/** What the CLI does with attachments, and the two calls by which it finds out what a customer means. */
export function customerAttachmentEndpoints(heroku: Heroku): Endpoint[] {
  const { world } = heroku
  const object = (attachment: Attachment) => attachmentObject(heroku, attachment, false)
  const endpoint = (method: Endpoint['method'], url: string, answer: Endpoint['answer']): Endpoint => ({
    method,
    url,
    access: 'customer',
    answer,
  })
  const appNamed = (call: Call) => {
    const app = optionalText(call.body, 'app')
    return {
      app: app === undefined ? undefined : reachableApp(heroku, call.caller, app),
      user: userOf(heroku, call.caller),
    }
  }
  const attachmentIn = (call: Call): Attachment => {
    const attachment = findAttachment(heroku, call.params.attachment ?? '', call.params.app)
    reachableApp(heroku, call.caller, attachment.appId)
    return attachment
  }
  return [
    endpoint('GET', '/addon-attachments', (call) =>
      page(
        call,
        [...world.attachments.values()]
          .filter(({ appId }) => worksOn(world, userOf(heroku, call.caller), world.apps.get(appId)))
          .map(object),
        ['id', 'name'],
      ),
    ),
    endpoint('POST', '/addon-attachments', (call) => {
      const addon = referenceIn(call.body, 'addon')
      const app = reachableApp(heroku, call.caller, referenceIn(call.body, 'app'))
      const as = optionalText(call.body, 'name')
      const [meant] = resolveAddons(heroku, addon, { app, user: userOf(heroku, call.caller) })
      if (meant === undefined) throw notFound('addon')
      const input = { addon: meant.id, app: app.id, ...optionalTexts(call.body, ['confirm']) }
      return created(object(attach(heroku, as === undefined ? input : { ...input, as })))
    }),
    endpoint('GET', '/addon-attachments/:attachment', (call) => ok(object(attachmentIn(call)))),
    endpoint('DELETE', '/addon-attachments/:attachment', (call) => {
      const attachment = attachmentIn(call)
      const gone = object(attachment)
      detach(heroku, attachment)
      return ok(gone)
    }),
    endpoint('GET', '/apps/:app/addon-attachments/:attachment', (call) => ok(object(attachmentIn(call)))),
    endpoint('POST', '/actions/addons/resolve', (call) => {
      const found = resolveAddons(heroku, requiredText(call.body, 'addon'), appNamed(call))
      if (found.length === 0) throw notFound('addon')
      return ok(found.map((addon) => addonObject(heroku, addon)))
    }),
    endpoint('POST', '/actions/addon-attachments/resolve', (call) => {
      const found = resolveAttachments(heroku, requiredText(call.body, 'addon_attachment'), appNamed(call))
      if (found.length === 0) throw notFound('attachment')
      return ok(found.map(object))
    }),
  ]
}

/** An app or add-on that the body names as text, or as an object with a name or an id. */
function referenceIn(body: Record<string, unknown>, field: string): string {
  const reference = objectFrom(body[field])
  return optionalText(body, field) ?? optionalText(reference, 'name') ?? requiredText(reference, 'id')
}
