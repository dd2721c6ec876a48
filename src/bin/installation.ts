import { differences } from '../domain/installation.ts'
import { confirmInstallation } from '../flows/operations/installation.ts'
import { openDatabase } from '../store/database.ts'
import { findOrMakeInstallation, readPlace } from '../store/installation.ts'
import { configOrExit } from './run.ts'
import { servicePlaceOf } from './service-place.ts'

const USAGE = `Usage: npm run installation -- <command>

  show      what is written down of this installation, and what differs at present
  confirm   this is the one installation that calls Heroku from now on: type it after a restore or a move, when no
            other process runs on the database that this one was copied from
`

const [command] = process.argv.slice(2)
if (command !== 'show' && command !== 'confirm') {
  process.stderr.write(USAGE)
  process.exit(1)
}
const config = configOrExit()
const db = openDatabase({
  url: config.databaseUrl,
  poolSize: 1,
  onIdleError: (error) => process.stderr.write(`${error.message}\n`),
})
const service = servicePlaceOf(config)
try {
  process.stdout.write(`${command === 'show' ? await show() : await confirm()}\n`)
} finally {
  await db.destroy()
}

async function show(): Promise<string> {
  const present = { ...(await readPlace(db)), ...service }
  const known = await findOrMakeInstallation(db, present)
  const differs = differences(known, present)
  const parts = [
    ['add-on', known.addonId, present.addonId],
    ['ADDON_URL', known.addonUrl, present.addonUrl],
    ['HEROKU_API_URL', known.herokuApi, present.herokuApi],
    ['HEROKU_ID_URL', known.herokuId, present.herokuId],
    ['cluster', known.systemIdentifier, present.systemIdentifier],
    ['database', known.databaseOid, present.databaseOid],
    ['timeline', known.timeline, present.timeline],
    ['server', known.server, present.server],
    ['started', known.serverStarted, present.serverStarted],
  ] as const
  return [
    ...parts.map(([name, written, now]) => {
      const other = written === now ? '' : `  (now ${now ?? 'not told'})`
      return `${name.padEnd(15)} ${written ?? 'not told'}${other}`
    }),
    `${'epoch'.padEnd(15)} ${known.epoch}`,
    differs.length === 0
      ? 'Confirmed: this installation calls Heroku.'
      : `Not confirmed (${differs.join(', ')}): nobody is called, nothing is provisioned.`,
  ].join('\n')
}

async function confirm(): Promise<string> {
  const { confirmed } = await confirmInstallation(db, service)
  return confirmed.length === 0
    ? 'Nothing differs: this installation is confirmed already.'
    : `Confirmed (${confirmed.join(', ')}). Heroku is read before each add-on's next push.`
}
