import { type Static, Type } from 'typebox'
import { cleanText } from '../../domain/clean-text.ts'
import { failureWords } from '../../domain/failure-words.ts'
import type { HistoryRow, NamedKey } from '../../domain/history.ts'
import { rotationId } from '../../domain/rotation-id.ts'
import { readHistoryPage } from '../../flows/dashboard/overview.ts'
import type { ApiScope } from './api-scope.ts'
import { refusals } from './problems.ts'
import { Moment, MomentOrNull, momentOf, Next, olderThanOf, Page, TextOrNull } from './schemas.ts'

const KeyName = Type.Union([Type.Object({ version: Type.Integer(), kid: Type.String() }), Type.Null()])

const Event = Type.Object(
  {
    seq: Type.Integer({ description: 'Its number in the history of the add-on: 1, 2, 3 and so on.' }),
    at: Moment,
    kind: Type.String({ description: 'What happened, as one word. There may be new ones.' }),
    actor: Type.Object({
      type: Type.String({ description: '`heroku`, `worker`, `operator`, `person`, `token` or `client`.' }),
      id: TextOrNull,
      name: TextOrNull,
      verified: Type.Union([Type.Boolean(), Type.Null()]),
      address: TextOrNull,
      by_command_line: Type.Boolean({ description: 'A person who used the command line.' }),
    }),
    rotation: Type.Union([Type.String(), Type.Null()], { description: 'The id of the rotation that ended.' }),
    next_rotation_at: MomentOrNull,
    made_at: MomentOrNull,
    published_at: MomentOrNull,
    key: KeyName,
    filler: KeyName,
    erased: Type.Array(Type.Integer(), { description: 'Versions whose keys were erased with it.' }),
    attempts: Type.Integer(),
    failures: Type.Array(Type.Object({ at: Type.String(), kind: Type.String(), words: Type.String() })),
    details: Type.Record(
      Type.String(),
      Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]),
    ),
  },
  { $id: 'Event' },
)

/** Schemas that answers name. */
export const HISTORY_SCHEMAS = [Event]

/** What happened to the add-on, page by page. */
export function registerHistory({ app, deps, bearer }: ApiScope): void {
  app.get(
    '/history',
    {
      onRequest: bearer.allow('read'),
      schema: {
        operationId: 'listHistory',
        summary: 'The history, the newest first',
        description: 'Rows are added and never changed.',
        security: [{ token: ['read'] }],
        querystring: Page,
        response: { 200: Type.Object({ events: Type.Array(Type.Ref('Event')), next: Next }), ...refusals() },
      },
    },
    async (request) => {
      const { resourceId } = bearer.callerOf(request)
      const { page } = await readHistoryPage(deps, { resourceId, ...olderThanOf(request.query) })
      return { events: page.items.map(eventView), next: page.olderThan ?? null }
    },
  )
}

function eventView(row: HistoryRow): Static<typeof Event> {
  const { actor, rotation, key, filler, erased = [], attempts = 0, failures = [], details = {} } = row
  return {
    seq: row.seq,
    at: momentOf(row.at),
    kind: cleanText(row.kind),
    actor: actorView(actor),
    rotation: rotation ? rotationId(rotation) : null,
    next_rotation_at: momentOf(rotation?.nextRotationAt),
    made_at: momentOf(row.madeAt),
    published_at: momentOf(row.publishedAt),
    key: keyView(key),
    filler: keyView(filler),
    erased: [...erased],
    attempts,
    failures: failures.map(({ at, kind }) => ({ at: String(at), kind, words: failureWords(kind) })),
    // Rows may be older than what cleans them, or written by another hand: the names too.
    details: Object.fromEntries(
      Object.entries(details).map(([name, value]) => [
        cleanText(name),
        typeof value === 'string' ? cleanText(value, LONGEST_DETAIL) : value,
      ]),
    ),
  }
}

const LONGEST_DETAIL = 1_000

function actorView(actor: HistoryRow['actor']): Static<typeof Event>['actor'] {
  const { type } = actor
  if (type === 'person') {
    const { userId, email, verified, address, commandLine } = actor
    return { type, id: userId, name: email, verified, address, by_command_line: commandLine !== undefined }
  }
  const by_command_line = false
  if (type === 'token' || type === 'client') {
    const { id, name, address } = actor
    return { type, id, name, verified: null, address, by_command_line }
  }
  return { type, id: null, name: null, verified: null, address: null, by_command_line }
}

function keyView(key: NamedKey | undefined): Static<typeof KeyName> {
  return key ? { version: key.version, kid: key.fingerprint } : null
}
