/** Where Heroku knows a resource. */
export type HerokuAddress = {
  /** Heroku's id of the add-on, where the resource has another here. */
  addonUuid: string | null
  /** The path of its app info, percent-encoded as Heroku wrote it; null for what the legacy API did not make. */
  callbackPath: string | null
  /** When it was provisioned: app info is not there before (Add-on Provider App Info API). */
  since: Date
}
