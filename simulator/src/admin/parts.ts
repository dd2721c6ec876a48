import type { Customer } from '../customer.ts'
import type { Heroku } from '../heroku.ts'
import type { Portal } from '../portal.ts'
import type { View } from '../view.ts'
import type { Webhooks } from '../webhook-sender.ts'

/** What the admin face and the page stand on: the same things that a test in this process has. */
export type Parts = { heroku: Heroku; customer: Customer; portal: Portal; view: View; webhooks: Webhooks }
