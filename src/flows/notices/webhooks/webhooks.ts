import type { Actor, Person } from '../../../domain/actor.ts'
import { readName } from '../../../domain/api-token.ts'
import { SecurekeyError } from '../../../domain/errors.ts'
import type { HistoryDetails, HistoryKind } from '../../../domain/history.ts'
import type { NoticeTarget } from '../../../domain/notices/notice.ts'
import {
  isWebhookId,
  MOST_WEBHOOKS,
  WEBHOOK_ID_BYTES,
  type Webhook,
  type WebhookDelivery,
  webhookId,
} from '../../../domain/notices/webhook.ts'
import { WEBHOOK_SECRET_BYTES, webhookSecret } from '../../../domain/notices/webhook-secret.ts'
import { parseWebhookUrl, type WebhookUrl } from '../../../domain/notices/webhook-url.ts'
import type { Trx } from '../../../store/database.ts'
import { recordEvents } from '../../../store/history.ts'
import { deleteCursor, insertCursor } from '../../../store/notice-cursors.ts'
import type { Resource } from '../../../store/resources.ts'
import { findSession } from '../../../store/sessions.ts'
import { listDeliveries } from '../../../store/webhook-deliveries.ts'
import {
  deleteWebhook,
  findWebhook,
  insertWebhook,
  listWebhooks,
  type StoredWebhook,
} from '../../../store/webhooks.ts'
import { liveResource, lockResource } from '../../change-resource.ts'
import type { Deps } from '../../deps.ts'
import { underNoticeKey } from '../../under-data-key.ts'
import { sealWebhook } from './open-webhook.ts'

export type WebhookWish = {
  resourceId: string
  actor: Person
  /** The digest of the id of the session that asks. */
  session?: Buffer
  name: string
  url: string
}

export type AddWebhookOutcome =
  /** `secret` is told once: whoever loses it replaces it. */
  | { outcome: 'added'; webhook: Webhook; secret: string }
  /** The session has ended since it was looked at. */
  | { outcome: 'signed-out' }

/** The webhooks of a resource, in the order in which they were added. Throws `unknown-resource` or `resource-gone`. */
export async function readWebhooks(
  deps: Pick<Deps, 'db'>,
  resourceId: string,
): Promise<{ resource: Resource; webhooks: Webhook[] }> {
  const resource = await liveResource(deps.db, resourceId)
  return { resource, webhooks: (await listWebhooks(deps.db, resourceId)).map(shown) }
}

/** A webhook and the last deliveries to it, the newest first; undefined: the resource has none of that id. */
export async function readDeliveries(
  deps: Pick<Deps, 'db'>,
  { resourceId, id }: { resourceId: string; id: string },
): Promise<{ resource: Resource; webhook: Webhook; deliveries: WebhookDelivery[] } | undefined> {
  const resource = await liveResource(deps.db, resourceId)
  const webhook = isWebhookId(id) ? await findWebhook(deps.db, { resourceId, id }) : undefined
  if (!webhook) return undefined
  return { resource, webhook: shown(webhook), deliveries: await listDeliveries(deps.db, id) }
}

/**
 * Adds a webhook in the name of a person: from now on notices are sent there, none of the past. Nothing is sent yet. Throws
 * `invalid-option` for a name or URL that cannot be taken, `too-many`, `unknown-resource`, `resource-gone`.
 */
export async function addWebhook(deps: Deps, wish: WebhookWish): Promise<AddWebhookOutcome> {
  const { resourceId, actor, session } = wish
  const { name, url, shownUrl } = readWish(deps, wish)
  const id = webhookId(deps.random(WEBHOOK_ID_BYTES))
  const secret = webhookSecret(deps.random(WEBHOOK_SECRET_BYTES))
  const webhook: Webhook = {
    ...{ id, resourceId, name, shownUrl },
    addedBy: actor.email ?? actor.userId,
    createdAt: deps.now(),
    offSince: null,
  }
  const added = await underNoticeKey(deps, { resourceId, actor }, async (sealer, _locked, trx) => {
    if (session && !(await findSession(trx, session))) return false
    if ((await listWebhooks(trx, resourceId)).length >= MOST_WEBHOOKS) {
      throw new SecurekeyError('too-many', `There are ${MOST_WEBHOOKS} webhooks already. Remove one first.`)
    }
    const sealed = sealWebhook(sealer, id, { url, secret, former: null })
    await insertWebhook(trx, { ...webhook, sealed })
    await recordOfWebhook(trx, { webhook, kind: 'webhook-added', actor, at: webhook.createdAt })
    // Behind that row: it is told nothing of the past, nor of itself.
    await insertCursor(trx, targetOf(webhook, url))
    return true
  })
  if (!added) return { outcome: 'signed-out' }
  deps.log.info({ resourceId, webhookId: id }, 'webhook added')
  return { outcome: 'added', webhook, secret }
}

/** Removes a webhook. Undefined: the resource has none of that id. Throws `unknown-resource`, `resource-gone`. */
export async function removeWebhook(
  deps: Pick<Deps, 'db' | 'now' | 'log'>,
  { resourceId, actor, id }: { resourceId: string; actor: Actor; id: string },
): Promise<Webhook | undefined> {
  const removed = await deps.db.transaction().execute(async (trx) => {
    await lockResource(trx, { resourceId, actor })
    const webhook = isWebhookId(id) ? await findWebhook(trx, { resourceId, id }) : undefined
    if (!webhook) return undefined
    await deleteCursor(trx, { resourceId, id })
    await deleteWebhook(trx, id)
    await recordOfWebhook(trx, { webhook, kind: 'webhook-removed', actor, at: deps.now() })
    return shown(webhook)
  })
  if (removed) deps.log.info({ resourceId, webhookId: id }, 'webhook removed')
  return removed
}

/** A webhook as a target of notices. Whoever has the same host shares the patience that we have with it. */
export function targetOf({ resourceId, id }: Webhook, url: string): NoticeTarget & { lane: string } {
  return { resourceId, id, channel: 'webhook', lane: new URL(url).host }
}

/** What the history tells of a change of a webhook: its name and what may be shown of its URL. Under the resource's lock. */
export async function recordOfWebhook(
  trx: Trx,
  change: { webhook: Webhook; kind: HistoryKind; actor: Actor; at: Date; details?: HistoryDetails },
): Promise<void> {
  const { webhook, kind, actor, at, details } = change
  const told = { webhook: webhook.id, name: webhook.name, url: webhook.shownUrl, ...details }
  await recordEvents(trx, [{ resourceId: webhook.resourceId, events: [{ at, kind, actor, details: told }] }])
}

function readWish(
  deps: Pick<Deps, 'settings'>,
  wish: Pick<WebhookWish, 'name' | 'url'>,
): { name: string; shownUrl: string } & Pick<WebhookUrl, 'url'> {
  const named = readName(wish.name, 'webhook')
  if ('problem' in named) throw new SecurekeyError('invalid-option', named.problem)
  const parsed = parseWebhookUrl(wish.url, { local: isLocal(deps) })
  if ('problem' in parsed) throw new SecurekeyError('invalid-option', `The URL ${parsed.problem}.`)
  return { ...named, url: parsed.url, shownUrl: parsed.shown }
}

/** A service that is reached by plain http is one on a single machine, and its receivers may be there too. */
function isLocal({ settings }: Pick<Deps, 'settings'>): boolean {
  return settings.addonUrl.startsWith('http:')
}

function shown({ sealed: _sealed, ...webhook }: StoredWebhook): Webhook {
  return webhook
}
