import * as color from '@heroku/heroku-cli-util/color'
import * as Args from '@oclif/core/args'
import { ux } from '@oclif/core/ux'
import { fieldsOf, momentIn } from '../../../answers/fields.ts'
import { oneNamed } from '../../../answers/one-named.ts'
import { readWebhook, readWebhooks, secretIn } from '../../../answers/webhooks.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../../command/securekey-command.ts'
import { momentWords } from '../../../words/moment.ts'

export default class RotateSecret extends SecurekeyCommand {
  static override description =
    'replace the secret of a webhook and print the new one: it is shown once. The former one signs beside it for a day'
  static override examples = ['heroku securekey:webhooks:rotate-secret on-call -a my-app']
  static override args = {
    webhook: Args.string({ description: 'id or name of the webhook', required: true }),
    ...ADDON,
  }
  static override flags = { ...APP, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(RotateSecret)
    const { addon, service, now } = await this.connect({ app: flags.app, addon: args.addon })
    const { id } = oneNamed(readWebhooks(await service.ask('GET', '/webhooks')), args.webhook, 'webhook')
    const answer = await this.during(`Replacing a secret of ${color.addon(addon.name)}`, () =>
      service.ask('POST', `/webhooks/${encodeURIComponent(id)}/rotate-secret`, { body: {} }),
    )
    if (flags.json) return this.printJson(answer)
    const secret = secretIn(answer)
    const until = momentWords(momentIn(fieldsOf(answer), 'former_until'), now)
    ux.stderr(`The former secret of ${readWebhook(answer).name} signs beside the new one until ${until}.`)
    ux.stderr('The new one is shown once:')
    ux.stdout(secret)
  }
}
