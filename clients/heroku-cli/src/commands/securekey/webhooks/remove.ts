import * as color from '@heroku/heroku-cli-util/color'
import * as Args from '@oclif/core/args'
import { ux } from '@oclif/core/ux'
import { oneNamed } from '../../../answers/one-named.ts'
import { readWebhook, readWebhooks } from '../../../answers/webhooks.ts'
import { ADDON, APP, CONFIRM, JSON_FLAG, SecurekeyCommand } from '../../../command/securekey-command.ts'

export default class Remove extends SecurekeyCommand {
  static override description = 'remove a webhook: no notice is sent there any more'
  static override examples = ['heroku securekey:webhooks:remove on-call -a my-app --confirm my-app']
  static override args = {
    webhook: Args.string({ description: 'id or name of the webhook', required: true }),
    ...ADDON,
  }
  static override flags = { ...APP, ...CONFIRM, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Remove)
    const { addon, service } = await this.connect({ app: flags.app, addon: args.addon })
    const { id, name } = oneNamed(
      readWebhooks(await service.ask('GET', '/webhooks')),
      args.webhook,
      'webhook',
    )
    await this.confirmed(addon.app, flags.confirm, [
      `No notice is sent to the webhook ${name} (${id}) any more, and its secret is erased.`,
    ])
    const answer = await this.during(`Removing a webhook from ${color.addon(addon.name)}`, () =>
      service.ask('DELETE', `/webhooks/${encodeURIComponent(id)}`),
    )
    if (flags.json) return this.printJson(answer)
    ux.stdout(`The webhook ${readWebhook(answer).name} is removed.`)
  }
}
