import * as color from '@heroku/heroku-cli-util/color'
import * as Args from '@oclif/core/args'
import { ux } from '@oclif/core/ux'
import { oneNamed } from '../../../answers/one-named.ts'
import { readTested, readWebhooks } from '../../../answers/webhooks.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../../command/securekey-command.ts'

export default class Test extends SecurekeyCommand {
  static override description =
    'send a test notice to a webhook and say what its receiver answered; ends with 1 if it did not take it'
  static override examples = ['heroku securekey:webhooks:test on-call -a my-app']
  static override args = {
    webhook: Args.string({ description: 'id or name of the webhook', required: true }),
    ...ADDON,
  }
  static override flags = { ...APP, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Test)
    const { addon, service } = await this.connect({ app: flags.app, addon: args.addon })
    const { id, name } = oneNamed(
      readWebhooks(await service.ask('GET', '/webhooks')),
      args.webhook,
      'webhook',
    )
    const answer = await this.during(`Testing a webhook of ${color.addon(addon.name)}`, () =>
      service.ask('POST', `/webhooks/${encodeURIComponent(id)}/test`, { body: {} }),
    )
    const { told, words, switchedOn } = readTested(answer)
    if (flags.json) this.printJson(answer)
    else ux.stdout(`The receiver of ${name} ${told ? 'took' : 'did not take'} the test: ${words}.`)
    if (switchedOn) ux.stderr('It had been switched off, and is on again for what happens from now on.')
    if (!told) this.exit(1)
  }
}
