import type { KMSClient } from '@aws-sdk/client-kms'
import type { KmsSettings } from '../domain/kms-settings.ts'

/** As whom AWS KMS is called, and where: without an address at that of AWS in the region of a key. */
export type KmsAccess = Pick<KmsSettings, 'accessKeyId' | 'secretAccessKey' | 'sessionToken' | 'endpointUrl'>

type Sdk = typeof import('@aws-sdk/client-kms')

/** The SDK, and its client for the region of a key. */
export type KmsClients = {
  of: (region: string) => Promise<{ sdk: Sdk; client: KMSClient }>
  close: () => void
}

const CONNECT_WITHIN_MS = 1_500
const ANSWER_WITHIN_MS = 2_500
/** What says "not now" is asked again twice; the limit of the whole call ends that. */
const MOST_TRIES = 3

/** One client for each region. The SDK is loaded when the first key is used: most services know no customer's key. */
export function createKmsClients(settings: KmsAccess): KmsClients {
  const clients = new Map<string, KMSClient>()
  let loading: Promise<Sdk> | undefined

  return {
    async of(region) {
      loading ??= import('@aws-sdk/client-kms')
      const sdk = await loading
      const client = clients.get(region) ?? makeClient(sdk, settings, region)
      clients.set(region, client)
      return { sdk, client }
    },
    close() {
      for (const client of clients.values()) client.destroy()
      clients.clear()
    },
  }
}

function makeClient({ KMSClient }: Sdk, settings: KmsAccess, region: string): KMSClient {
  const { accessKeyId, secretAccessKey, sessionToken, endpointUrl } = settings
  return new KMSClient({
    region,
    ...(endpointUrl !== undefined && { endpoint: endpointUrl }),
    // Given, so that nothing is looked for in files or at the address of a machine's metadata.
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
    maxAttempts: MOST_TRIES,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: CONNECT_WITHIN_MS,
      requestTimeout: ANSWER_WITHIN_MS,
      // Without it a call that hangs is only warned of.
      throwOnRequestTimeout: true,
    },
  })
}
