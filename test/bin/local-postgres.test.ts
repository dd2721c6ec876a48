import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startLocalPostgres } from '../../local/postgres.ts'
import { withAdmin } from '../support/admin.ts'
import { removeFolder } from '../support/remove-folder.ts'

const MODULE = new URL('../../local/postgres.ts', import.meta.url).href

let dataDir: string
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'securekey-test-'))
})
afterAll(async () => {
  await removeFolder(dataDir)
})

test('what is stored survives a stop, kill -9 of its owner, and a pid file left behind', async () => {
  const first = await startLocalPostgres({ persistent: true, dataDir })
  await withAdmin(first.url, (admin) => admin.query('create table kept as select 1 as number'))
  await first.stop()

  const owner = spawn(process.execPath, ['--input-type=module', '--eval', ownerProgram(first.dataDir)])
  await once(createInterface({ input: owner.stdout }), 'line')
  owner.kill('SIGKILL')
  // The Postgres of the killed owner stops by itself, and the next start waits for it.
  const second = await startLocalPostgres({ persistent: true, dataDir })
  await second.stop()

  // The number of a process that is not Postgres: this one's.
  const pidFile = `${process.pid}\n${first.dataDir}/data\n0\n5432\n\n127.0.0.1\n\nready\n`
  await writeFile(join(first.dataDir, 'data', 'postmaster.pid'), pidFile)
  const third = await startLocalPostgres({ persistent: true, dataDir })
  const { rows } = await withAdmin(third.url, (admin) => admin.query('select number from kept'))
  expect(rows).toEqual([{ number: 1 }])
  await third.stop()
})

test('a temporary one leaves nothing behind', async () => {
  const database = await startLocalPostgres({ persistent: false })
  await database.stop()
  await expect(readFile(join(database.dataDir, 'password'))).rejects.toThrow('ENOENT')
})

test('a Postgres that cannot start says why', async () => {
  const flags = ['-c', 'no_such_setting=1']
  await expect(startLocalPostgres({ persistent: false, flags })).rejects.toThrow(/no_such_setting/)
})

test('a cluster is made once and copied then; a damaged pattern fails one start, and the next makes another', async () => {
  const options = { persistent: false, inMemory: true, patterns: join(dataDir, 'patterns') } as const
  const passwordOf = async () => {
    const { url, stop } = await startLocalPostgres(options)
    await withAdmin(url, (admin) => admin.query('select 1'))
    await stop()
    return new URL(url).password
  }
  const first = await passwordOf()
  expect(await passwordOf()).toBe(first)

  const [pattern = ''] = await readdir(options.patterns)
  await writeFile(join(options.patterns, pattern, 'data', 'global', 'pg_control'), '')
  await expect(startLocalPostgres(options)).rejects.toThrow(/pg_control/)
  expect(await passwordOf()).not.toBe(first)
})

function ownerProgram(folder: string): string {
  return `
    import { startLocalPostgres } from ${JSON.stringify(MODULE)}
    await startLocalPostgres({ persistent: true, dataDir: ${JSON.stringify(folder)} })
    console.log('ready')
    setInterval(() => {}, 1000)`
}
