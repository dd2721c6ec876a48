/** What is asked for when an add-on is to be made. */
export type ProvisionRequest = {
  resourceId: string
  name: string | null
  plan: string
  region: string | null
  options: Readonly<Record<string, unknown>>
  grant: { code: string; expiresAt: Date } | null
  logInputUrl: string | null
  /** How the legacy API calls it and where its config is; left out by version 3. */
  legacy?: { herokuId: string | null; callbackPath: string }
}
