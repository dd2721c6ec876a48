import type { EndpointServices } from '../domain/aws-endpoint.ts'
import type { GracePeriod } from '../domain/grace.ts'
import type { PartnerApi } from '../domain/partner-api.ts'
import type { Plan } from '../domain/plan.ts'
import type { PrivateLinkSettings } from '../domain/private-link-settings.ts'
import type { Identity } from '../heroku/identity.ts'
import type { LegacyDirectory } from '../heroku/legacy-directory.ts'
import type { Platform } from '../heroku/platform.ts'
import type { HerokuUsers } from '../heroku/users.ts'
import type { Kms } from '../kms/create-kms.ts'
import type { AppLog } from '../notices/app-log.ts'
import type { Mailer } from '../notices/mail/mailer.ts'
import type { SendWebhook } from '../notices/webhook/send-webhook.ts'
import type { ClientSeal } from '../sealing/client-seal.ts'
import type { Macs } from '../sealing/macs.ts'
import type { Sealing } from '../sealing/sealing.ts'
import type { Witness } from '../sealing/witness.ts'
import type { Db } from '../store/database.ts'
import type { Troubles } from './heroku/troubles.ts'
import type { Log } from './log.ts'
import type { Installation } from './operations/installation.ts'

/** The part of the settings on which use cases depend. */
export type FlowSettings = {
  configVar: string
  keyringVar: string
  configVarsPrefix: string
  /** Where the service is reached: `ADDON_URL`, without a slash at its end. */
  addonUrl: string
  /** The API of Heroku's that is in use, and where it is: the only host at which config vars are read and written. */
  partnerApi: PartnerApi
  herokuApiUrl: string
  /** Whether a grant that comes can be exchanged, so that it is worth to be stored. */
  takesGrants: boolean
  plans: readonly Plan[]
  defaultGrace: GracePeriod
  /** The least grace period that a customer may choose, and the least age at which a key may be displaced by hand. */
  graceFloorMs: number
  /** How often Heroku's config is compared with what was published, as long as nothing else looks. */
  checkEveryMs: number
  /** Where customers' own keys may be, and our own AWS account. Undefined: nobody can have one. */
  ownKeys:
    | { regions: readonly string[]; accountId: string | undefined; canary?: string | undefined }
    | undefined
  /** Undefined: this service offers no private links. */
  privateLink: PrivateLinkSettings | undefined
  /** The least time between two scheduled restarts of one app; 0: they are not spread. */
  spreadMs: number
}

/** Everything a use case needs from outside. Time and randomness are among it, so that a test can hold both still. */
export type Deps = {
  db: Db
  now: () => Date
  /** Milliseconds of a clock that never jumps: for spans, never for dates. */
  steadyMs: () => number
  random: (bytes: number) => Buffer
  sealing: Sealing
  macs: Macs
  witness: Witness
  /** What is proved and sealed between this service and enrolled clients. */
  clientSeal: ClientSeal
  /** Undefined: this service has no access to AWS. */
  kms: Kms | undefined
  /** Undefined: this service has no access to AWS, or no load balancers. */
  endpointServices: EndpointServices | undefined
  installation: Installation
  identity: Identity
  platform: Platform
  /** The same for what can wait: its calls have a small part of the budget, and none while a worker waits for its own. */
  quietPlatform: Platform
  /** What people may do at Heroku, by tokens that they present. */
  herokuUsers: HerokuUsers
  /** The way out to the receivers of customers. */
  sendWebhook: SendWebhook
  /** What the legacy API tells of all add-ons, for the move to version 3. */
  legacyDirectory: LegacyDirectory
  /** The logs of apps at Logplex. */
  appLog: AppLog
  /** What is wrong beside single resources, as all processes know it. */
  troubles: Troubles
  /** Undefined: this service sends no mail. */
  mailer: Mailer | undefined
  log: Log
  settings: FlowSettings
}
