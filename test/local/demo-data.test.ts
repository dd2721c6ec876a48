import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, inject, onTestFinished, test } from 'vitest'
import { openDemoData } from '../../local/demo-data.ts'
import { withAdmin } from '../support/admin.ts'
import { removeFolder } from '../support/remove-folder.ts'

const { adminUrl } = inject('postgres')

/** A folder as a first run leaves it, once the simulator has saved itself. */
async function afterFirstRun() {
  const folder = mkdtempSync(join(tmpdir(), 'demo-data-'))
  const first = await openDemoData(folder, adminUrl)
  writeFileSync(first.statePath, '{}')
  onTestFinished(async () => {
    const { database } = JSON.parse(readFileSync(join(folder, 'demo-secrets.json'), 'utf8'))
    await removeFolder(folder)
    await withAdmin(adminUrl, (admin) => admin.query(`drop database if exists ${database} with (force)`))
  })
  return { folder, first, secretsPath: join(folder, 'demo-secrets.json') }
}

test('a second run finds the secrets and the database of the first', async () => {
  const { folder, first } = await afterFirstRun()
  expect(first.resumed).toBe(false)
  expect(await openDemoData(folder, adminUrl)).toEqual({ ...first, resumed: true })
})

test('the secrets are readable by their owner alone, even where the file was open to all', async () => {
  const { folder, first, secretsPath } = await afterFirstRun()
  expect(statSync(secretsPath).mode & 0o777).toBe(0o600)
  chmodSync(secretsPath, 0o666)
  rmSync(first.statePath)
  await openDemoData(folder, adminUrl)
  expect(statSync(secretsPath).mode & 0o777).toBe(0o600)
})

test.each(['state', 'secrets', 'database'])(
  'without the %s of the first run all begins anew',
  async (part) => {
    const { folder, first, secretsPath } = await afterFirstRun()
    if (part === 'state') rmSync(first.statePath)
    if (part === 'secrets') rmSync(secretsPath)
    const drop = `drop database ${first.secrets.database}`
    if (part === 'database') await withAdmin(adminUrl, (admin) => admin.query(drop))

    const second = await openDemoData(folder, adminUrl)
    expect(second.resumed).toBe(false)
    expect(second.databaseUrl).not.toBe(first.databaseUrl)
    expect(second.secrets.sealingKeys).not.toBe(first.secrets.sealingKeys)
    expect(() => statSync(second.statePath)).toThrow('ENOENT')
    // With the secrets its name is lost too; a database nobody finds again is removed with the whole folder.
    if (part === 'secrets') await withAdmin(adminUrl, (admin) => admin.query(drop))
  },
)

test('a file that holds no secrets is named, and nothing is overwritten', async () => {
  const { folder, secretsPath } = await afterFirstRun()
  const saved = readFileSync(secretsPath, 'utf8')
  writeFileSync(secretsPath, '{"database":"securekey; drop table x"}')
  await expect(openDemoData(folder, adminUrl)).rejects.toThrow('remove it to start over')
  writeFileSync(secretsPath, saved)
})
