/** As whom AWS is called, and where: without an address at that of AWS in each region. */
export type AwsAccess = {
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string | undefined
  endpointUrl: string | undefined
}

/** A package of the AWS SDK, and its client for a region. */
export type RegionalClients<Sdk, Client> = {
  of: (region: string) => Promise<{ sdk: Sdk; client: Client }>
  close: () => void
}

export type ClientConfig = ReturnType<typeof configFor>

/** Of one call with all its tries and pages. The SDK minds a signal also while it sleeps between two tries. */
export const CALL_LIMIT_MS = 5_000

const CONNECT_WITHIN_MS = 1_500
const ANSWER_WITHIN_MS = 2_500
/** What says "not now" is asked again twice; the limit of the whole call ends that. */
const MOST_TRIES = 3

/** One client for each region. The package is loaded for the first call: most services make none. */
export function createRegionalClients<Sdk, Client extends { destroy: () => void }>(
  access: AwsAccess,
  load: () => Promise<Sdk>,
  make: (sdk: Sdk, config: ClientConfig) => Client,
): RegionalClients<Sdk, Client> {
  const clients = new Map<string, Client>()
  let loading: Promise<Sdk> | undefined

  return {
    async of(region) {
      loading ??= load()
      const sdk = await loading
      const client = clients.get(region) ?? make(sdk, configFor(access, region))
      clients.set(region, client)
      return { sdk, client }
    },
    close() {
      for (const client of clients.values()) client.destroy()
      clients.clear()
    },
  }
}

function configFor({ accessKeyId, secretAccessKey, sessionToken, endpointUrl }: AwsAccess, region: string) {
  return {
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
  } as const
}
