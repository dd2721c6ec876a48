import { randomBytes } from 'node:crypto'
import { chmod, readFile, writeFile } from 'node:fs/promises'

/** What a partner would get from Heroku or keep to itself; here made up once and kept with the demo data. */
export type DemoSecrets = {
  addonPassword: string
  addonSsoSalt: string
  addonClientSecret: string
  sealingKeys: string
  /** The database that holds what these secrets sealed. */
  database: string
}

/** Fresh secrets and the name of a database that does not exist yet. */
export function makeDemoSecrets(): DemoSecrets {
  const text = () => randomBytes(24).toString('base64url')
  return {
    addonPassword: text(),
    addonSsoSalt: text(),
    addonClientSecret: text(),
    sealingKeys: `demo:${randomBytes(32).toString('base64')}`,
    database: `securekey_${randomBytes(4).toString('hex')}`,
  }
}

/** The secrets of an earlier run; undefined when there are none. Throws when the file holds something else. */
export async function readDemoSecrets(path: string): Promise<DemoSecrets | undefined> {
  const text = await readFile(path, 'utf8').catch((error) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  const found = parse(text)
  if (!found) throw new Error(`${path} does not hold the demo secrets; remove it to start over.`)
  return found
}

/** Readable by nobody else, also when the file was there before. */
export async function writeDemoSecrets(path: string, secrets: DemoSecrets): Promise<void> {
  await writeFile(path, `${JSON.stringify(secrets, undefined, 2)}\n`, { mode: 0o600 })
  await chmod(path, 0o600)
}

function parse(text: string): DemoSecrets | undefined {
  try {
    const found: Partial<Record<string, unknown>> = JSON.parse(text)
    const read = (name: keyof DemoSecrets): string => {
      const value = found[name]
      if (typeof value !== 'string' || value === '') throw new Error(name)
      return value
    }
    const database = read('database')
    // It is put into statements as it stands.
    if (!/^securekey_[0-9a-f]{8}$/.test(database)) return undefined
    return {
      addonPassword: read('addonPassword'),
      addonSsoSalt: read('addonSsoSalt'),
      addonClientSecret: read('addonClientSecret'),
      sealingKeys: read('sealingKeys'),
      database,
    }
  } catch {
    return undefined
  }
}
