import { randomBytes } from 'node:crypto'
import { formatGracePeriod, UNTIL_NEXT_ROTATION } from '../../src/domain/grace.ts'
import { LOG_LANE, LOG_TARGET } from '../../src/domain/notices/notice.ts'
import { stateAtProvision } from '../../src/domain/resource-state.ts'
import { makeKey } from '../../src/flows/make-key.ts'
import { createKms } from '../../src/kms/create-kms.ts'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createOwnKeks } from '../../src/sealing/own-keks.ts'
import { createSealing, type Sealing } from '../../src/sealing/sealing.ts'
import { openDatabase } from '../../src/store/database.ts'
import { FIRST_GRANT_FENCE, finishGrants, type GrantEnd } from '../../src/store/oauth-grants.ts'
import { insertResources, type NewResource } from '../../src/store/resources.ts'
import { accessTokenOf, BENCH_SEALING_KEYS, PERIOD_MS, resourceIdOf } from './bench-resource.ts'
import { serveParent } from './child.ts'
import { ACCESS, type OwnKeyOrder } from './own-key.ts'

export type SeedOrder = { url: string; from: number; count: number; ownKey?: OwnKeyOrder }

const ROWS_PER_STATEMENT = 500
/** Each is a call to a stand-in that has other things to do too. */
const OWN_ROWS_PER_STATEMENT = 25
const DAY_MS = 86_400_000
const TOKEN_LIFE_MS = 8 * 3_600_000
/** No host has such a name. */
const LOG_INPUT_URL = 'https://token:t.8e4b5c7a@logplex.invalid/logs'

/** A resource as a provision request brings it, and what the exchange of its grant comes to. */
type Seed = { resource: NewResource; end: GrantEnd }

/** Stores due resources by the statements of provisioning and of the grant exchange; ready when all are stored. */
await serveParent<SeedOrder, null>(async ({ url, from, count, ownKey }) => {
  const [id = '', base64 = ''] = BENCH_SEALING_KEYS.split(':')
  const kms = ownKey && createKms({ ...ACCESS, endpointUrl: ownKey.url })
  const ownKeks = kms && createOwnKeks(kms, () => performance.now())
  const sealing = createSealing([createLocalKek(id, Buffer.from(base64, 'base64'))], randomBytes, ownKeks)
  const db = openDatabase({ url, poolSize: 1, onIdleError: () => {}, statementTimeoutMs: 600_000 })
  const atATime = ownKey ? OWN_ROWS_PER_STATEMENT : ROWS_PER_STATEMENT
  for (let done = 0; done < count; done += atATime) {
    const rows = Math.min(atATime, count - done)
    const seeds = await Promise.all(
      Array.from({ length: rows }, (_, i) => createSeed(sealing, resourceIdOf(from + done + i), ownKey?.arn)),
    )
    await insertResources(
      db,
      seeds.map(({ resource }) => resource),
      new Date(Date.now() - PERIOD_MS - DAY_MS),
    )
    await db.transaction().execute((trx) =>
      finishGrants(
        trx,
        seeds.map(({ end }) => end),
      ),
    )
  }
  kms?.close()
  await db.destroy()
  return { answer: async () => undefined }
})

/** Provisioned so that its first rotation came due at some moment of the last day. Its access token is fresh. */
async function createSeed(sealing: Sealing, resourceId: string, ownKey?: string): Promise<Seed> {
  const { sealer, dek } = await sealing.forNewResource(resourceId, ownKey)
  const notices = await sealing.forNotices(resourceId, dek)
  const dueAt = new Date(Date.now() - Math.random() * DAY_MS)
  const at = new Date(dueAt.getTime() - PERIOD_MS)
  const filler = makeKey({ random: randomBytes }, sealer, resourceId, 1).key
  const current = makeKey({ random: randomBytes }, sealer, resourceId, 2).key
  const resource: NewResource = {
    id: resourceId,
    name: `securekey-solid-${resourceId.slice(0, 5)}`,
    plan: 'fortnightly',
    region: 'amazon-web-services::us-east-1',
    periodMs: PERIOD_MS,
    // Its log is told of each rotation: it would look soon after the due date.
    targets: [{ id: LOG_TARGET, channel: 'log', lane: LOG_LANE, lookAt: new Date(dueAt.getTime() + 20_000) }],
    options: {
      grace: UNTIL_NEXT_ROTATION,
      announcesNext: false,
      windows: [],
      logsNotices: true,
      tokenLifeMs: null,
    },
    dek,
    sealedLogInputUrl: notices.seal('sealed_log_input_url', LOG_INPUT_URL),
    keys: [filler, current],
    grant: {
      sealedCode: sealer.seal('sealed_code', resourceId),
      codeDigest: randomBytes(32),
      expiresAt: new Date(at.getTime() + 300_000),
      headStartMs: 0,
    },
    state: stateAtProvision({ current: 2, filler: 1, epoch: 1 }, dueAt, at),
    events: [
      {
        at,
        kind: 'provisioned',
        actor: { type: 'heroku' },
        key: { version: 2, fingerprint: current.fingerprint },
        filler: { version: 1, fingerprint: filler.fingerprint },
        details: { plan: 'fortnightly', gracePeriod: formatGracePeriod(UNTIL_NEXT_ROTATION) },
      },
    ],
  }
  const tokens = {
    sealedAccessToken: sealer.seal('sealed_access_token', accessTokenOf(resourceId)),
    sealedRefreshToken: sealer.seal('sealed_refresh_token', accessTokenOf(resourceId)),
    accessExpiresAt: new Date(Date.now() + TOKEN_LIFE_MS),
  }
  const event = { at, kind: 'grant-exchanged', actor: { type: 'worker' } } as const
  return { resource, end: { resourceId, fence: FIRST_GRANT_FENCE, tokens, event } }
}
