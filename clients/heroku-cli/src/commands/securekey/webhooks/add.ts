import * as color from '@heroku/heroku-cli-util/color'
import { string } from '@oclif/core/flags'
import { ux } from '@oclif/core/ux'
import { readWebhook, secretIn } from '../../../answers/webhooks.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../../command/securekey-command.ts'

export default class Add extends SecurekeyCommand {
  static override description =
    'add a webhook to which every notice of an add-on securekey is sent, and print its secret: it is shown once'
  static override examples = [
    'heroku securekey:webhooks:add -a my-app --name on-call --url https://hooks.example.com/securekey',
  ]
  static override args = { ...ADDON }
  static override flags = {
    ...APP,
    ...JSON_FLAG,
    name: string({ char: 'n', description: 'what receives the notices', required: true }),
    url: string({ char: 'u', description: 'https, port 443, a public name', required: true }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Add)
    const { addon, service } = await this.connect({ app: flags.app, addon: args.addon })
    const { name, url } = flags
    const answer = await this.during(`Adding a webhook to ${color.addon(addon.name)}`, () =>
      service.ask('POST', '/webhooks', { body: { name, url } }),
    )
    if (flags.json) return this.printJson(answer)
    const secret = secretIn(answer)
    const added = readWebhook(answer)
    ux.stderr(`Webhook ${added.name} (${added.id}) is sent every notice from now on; none holds a key.`)
    ux.stderr('Its receiver verifies them by this secret, which is shown once:')
    ux.stdout(secret)
  }
}
