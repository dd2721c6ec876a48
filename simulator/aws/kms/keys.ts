import { KmsError } from './kms-error.ts'
import { defaultPolicy, type Policy } from './policy.ts'

/** Every state of a key (KMS API Reference, KeyMetadata). */
export const KEY_STATES = [
  'Creating',
  'Enabled',
  'Disabled',
  'PendingDeletion',
  'PendingImport',
  'PendingReplicaDeletion',
  'Unavailable',
  'Updating',
] as const
export type KeyState = (typeof KEY_STATES)[number]

export type KeySpec = 'SYMMETRIC_DEFAULT' | 'RSA_2048' | 'HMAC_256'
export type KeyUsage = 'ENCRYPT_DECRYPT' | 'SIGN_VERIFY' | 'GENERATE_VERIFY_MAC'

/** A key of an account in a region. */
export type KmsKey = {
  id: string
  arn: string
  account: string
  region: string
  createdAt: Date
  state: KeyState
  deletionAt: Date | undefined
  manager: 'CUSTOMER' | 'AWS'
  spec: KeySpec
  usage: KeyUsage
  policy: Policy
  /** The newest is used to encrypt; every one of them decrypts (yearly rotation). */
  materials: Buffer[]
}

export type NewKey = {
  account: string
  region: string
  multiRegion?: boolean
  manager?: KmsKey['manager']
  spec?: KeySpec
  usage?: KeyUsage
  policy?: Policy
}

/** The keys and aliases of all accounts and regions. */
export type Keys = {
  create: (asked: NewKey, now: Date) => KmsKey
  /** What a KeyId means for a caller: an id, an ARN, an alias or the ARN of one. Throws `NotFoundException`. */
  find: (keyId: string, caller: { account: string; region: string }) => KmsKey
  byArn: (arn: string) => KmsKey | undefined
  alias: (name: string, key: KmsKey) => void
  /** A key whose deletion date has come is gone. */
  sweep: (now: Date) => void
}

const ID = /^(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/
const ARN = /^arn:(aws|aws-cn|aws-us-gov):kms:([a-z0-9-]+):([0-9]{12}):(key|alias)\/(.+)$/
const MATERIAL_BYTES = 32

export function createKeys(random: (bytes: number) => Buffer): Keys {
  const keys = new Map<string, KmsKey>()
  const aliases = new Map<string, string>()
  const arnOf = ({ account, region }: { account: string; region: string }, resource: string) =>
    `arn:aws:kms:${region}:${account}:${resource}`

  function newId(multiRegion: boolean): string {
    const hex = random(16).toString('hex')
    return multiRegion ? `mrk-${hex}` : hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  }

  function present(arn: string | undefined, shown: string): KmsKey {
    const key = arn === undefined ? undefined : keys.get(arn)
    if (!key) throw new KmsError('NotFoundException', `Key '${shown}' does not exist`)
    return key
  }

  return {
    create(asked, now) {
      const id = newId(asked.multiRegion ?? false)
      const key: KmsKey = {
        id,
        arn: arnOf(asked, `key/${id}`),
        account: asked.account,
        region: asked.region,
        createdAt: now,
        state: 'Enabled',
        deletionAt: undefined,
        manager: asked.manager ?? 'CUSTOMER',
        spec: asked.spec ?? 'SYMMETRIC_DEFAULT',
        usage: asked.usage ?? 'ENCRYPT_DECRYPT',
        policy: asked.policy ?? defaultPolicy(asked.account),
        materials: [random(MATERIAL_BYTES)],
      }
      keys.set(key.arn, key)
      return key
    },
    find(keyId, caller) {
      if (keyId.startsWith('arn:')) {
        const [, , region, account, kind, name] = ARN.exec(keyId) ?? []
        if (region === undefined || account === undefined || name === undefined) {
          throw new KmsError('InvalidArnException', `${keyId} is not a valid ARN`)
        }
        // The endpoint of a region knows no other region.
        if (region !== caller.region) throw new KmsError('NotFoundException', `Invalid arn ${region}`)
        if (kind === 'alias') return present(aliases.get(keyId), keyId)
        return present(keyId, keyId)
      }
      // What is no ARN is looked up in the account of the caller, whoever else has a key of that id.
      if (keyId.startsWith('alias/')) return present(aliases.get(arnOf(caller, keyId)), arnOf(caller, keyId))
      if (!ID.test(keyId)) throw new KmsError('NotFoundException', `Invalid keyId '${keyId}'`)
      return present(arnOf(caller, `key/${keyId}`), arnOf(caller, `key/${keyId}`))
    },
    byArn: (arn) => keys.get(arn),
    alias: (name, key) => void aliases.set(arnOf(key, name), key.arn),
    sweep(now) {
      for (const [arn, { deletionAt }] of keys) {
        if (deletionAt && deletionAt <= now) keys.delete(arn)
      }
    },
  }
}
