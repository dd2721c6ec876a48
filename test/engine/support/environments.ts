import { sql } from 'kysely'
import { onTestFinished } from 'vitest'
import { compose } from '../../../src/bin/compose.ts'
import type { ConfigVars } from '../../../src/domain/config-vars.ts'
import type { Deps } from '../../../src/flows/deps.ts'
import { createHerokuSession } from '../../../src/flows/heroku/heroku-session.ts'
import { createLogger } from '../../../src/logger.ts'
import { loadTokens } from '../../../src/store/oauth-tokens.ts'
import { findResource } from '../../../src/store/resources.ts'
import { type Backup, backUp } from '../../support/backup.ts'
import { clientOfClock } from '../../support/clocked-client.ts'
import { takeDatabase } from '../../support/database.ts'
import { collector, type Harness, MINUTE } from '../../support/harness.ts'

/** The database becomes the past that was backed up, and a worker looks at it for the first time more than ten minutes later. */
export async function restored({ deps, clock }: Harness, backup: Backup): Promise<void> {
  await backup.restore(deps.db)
  await silent(deps)
  clock.advance(MINUTE)
}

/** No worker was alive for eleven minutes. The clock of the database counts, which tests do not hold. */
export async function silent({ db }: Deps): Promise<void> {
  await sql`update installation set last_seen = clock_timestamp() - interval '11 minutes'`.execute(db)
}

/** Another environment: a copy of the database as it is now, with its own processes and the same settings and secrets. */
export async function copyOf(h: Harness): Promise<Deps> {
  const database = await takeDatabase()
  const backup = await backUp(h.deps.db)
  const logger = createLogger({ level: h.config.logLevel, process: 'copy' }, collector(h.logLines))
  const composed = await compose({ ...h.config, databaseUrl: database.url }, logger, {
    poolSize: 5,
    connections: 20,
    callTimeoutMs: 15_000,
    world: {
      now: h.clock.now,
      steadyMs: h.deps.steadyMs,
      random: h.deps.random,
      sleep: async () => {},
      Client: clientOfClock(h.clock.now),
    },
  })
  onTestFinished(async () => {
    await composed.close()
    await database.giveBack()
  })
  await backup.restore(composed.deps.db)
  return composed.deps
}

/** Pushes config vars as somebody else who has a token of the add-on. */
export async function pushAs(deps: Deps, resourceId: string, vars: ConfigVars): Promise<void> {
  const resource = await findResource(deps.db, resourceId)
  const tokens = await loadTokens(deps.db, resourceId)
  if (!resource?.dek || !tokens) throw new Error('the add-on has no tokens')
  const { dek } = resource
  const sealer = await deps.sealing.forResource(resourceId, dek)
  const session = createHerokuSession(deps, {
    resourceId,
    name: resource.name,
    address: resource.address,
    sealer,
    dek,
    token: tokens,
    grantWaiting: false,
  })
  const written = await session.writeConfig(vars)
  if (!written.ok) throw new Error(`Heroku did not take it: ${written.failure.kind}`)
}
