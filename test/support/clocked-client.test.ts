import type pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { clientOfClock } from './clocked-client.ts'
import { takeDatabase } from './database.ts'

async function connect(now: () => Date): Promise<pg.Client> {
  const { url, giveBack } = await takeDatabase()
  const Client = clientOfClock(now)
  const client: pg.Client = new Client({ connectionString: url })
  onTestFinished(async () => {
    await client.end()
    await giveBack()
  })
  await client.connect()
  return client
}

const toldBy = async (client: pg.Client) =>
  (await client.query<{ now: Date }>('select service_now() as now')).rows[0]?.now

test('a session is told the time of the test, and told it again once a transaction that was told it is rolled back', async () => {
  let now = new Date('2026-03-03T12:00:00Z')
  const client = await connect(() => now)
  expect(await toldBy(client)).toEqual(now)
  await client.query('begin')
  now = new Date('2026-03-04T12:00:00Z')
  expect(await toldBy(client)).toEqual(now)
  await client.query('rollback')
  expect(await toldBy(client)).toEqual(now)
})

test('no statement is sent while another is under way on its connection', async () => {
  const client = await connect(() => new Date('2026-03-03T12:00:00Z'))
  const first = client.query('select 1')
  expect(() => client.query('select 2')).toThrow(/two statements at once/)
  await first
  expect((await client.query('select 3 as three')).rows).toEqual([{ three: 3 }])
})

test('what tells the time is over before the statement begins', async () => {
  const atOnce: string[] = []
  const listen = (warning: Error) => atOnce.push(warning.message)
  process.on('warning', listen)
  onTestFinished(() => void process.off('warning', listen))
  const client = await connect(() => new Date('2026-03-03T12:00:00Z'))
  expect(await toldBy(client)).toBeDefined()
  expect(atOnce).toEqual([])
})
