import { randomBytes } from 'node:crypto'
import { expect, inject, onTestFinished, test } from 'vitest'
import { databaseUrl, withAdmin } from '../support/admin.ts'
import { testEnvironment } from '../support/harness.ts'
import { startProcess } from './support/process.ts'

/** An empty database of the test's own. */
async function createEmptyDatabase(): Promise<string> {
  const { adminUrl, template } = inject('postgres')
  const name = `${template}_release_${randomBytes(6).toString('hex')}`
  await withAdmin(adminUrl, (admin) => admin.query(`create database ${name}`))
  onTestFinished(() =>
    withAdmin(
      adminUrl,
      async (admin) => void (await admin.query(`drop database if exists ${name} with (force)`)),
    ),
  )
  return databaseUrl(adminUrl, name)
}

test('two release processes at once migrate an empty database, and a web process then turns ready', async () => {
  const url = await createEmptyDatabase()
  const env = { ...testEnvironment(url, 'http://127.0.0.1:1'), HOST: '127.0.0.1', PORT: '0' }
  const web = await startProcess('web', env)
  onTestFinished(() => web.kill())
  const [, address] = await web.printed(/Server listening at (http:[^"]+)/)
  const ready = async () => (await fetch(`${address}/readyz`)).status
  expect(await ready()).toBe(503)

  const releases = await Promise.all([startProcess('release', env), startProcess('release', env)])
  for (const release of releases) onTestFinished(() => release.kill())
  expect(await Promise.all(releases.map(({ end }) => end))).toEqual([0, 0])
  const printed = releases.map(({ stdout }) => stdout()).toSorted()
  expect(printed[0]).toMatch(/^Applied 0001_[a-z_]+(, [0-9a-z_]+)*\.\n$/)
  expect(printed[1]).toBe('The schema is up to date.\n')
  expect(await ready()).toBe(200)
})
