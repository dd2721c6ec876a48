import { ADDON, APP, CONFIRM, JSON_FLAG, SecurekeyCommand } from '../../../command/securekey-command.ts'
import { ofDestroying } from '../../../private-link/consequence.ts'
import { lookUnlessFailed } from '../../../private-link/look.ts'

export default class Destroy extends SecurekeyCommand {
  static override description = 'destroy the privatelink endpoint of an add-on securekey'
  static override examples = ['heroku securekey:privatelink:destroy -a my-app --confirm my-app']
  static override args = { ...ADDON }
  static override flags = { ...APP, ...CONFIRM, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Destroy)
    const { addon, service } = await this.connect({ app: flags.app, addon: args.addon })
    const link = await lookUnlessFailed(service)
    await this.confirmed(addon.app, flags.confirm, ofDestroying(link, addon.name))
    const answer = await this.during('Destroying privatelink endpoint', () =>
      service.ask('DELETE', '/privatelink'),
    )
    if (flags.json) this.printJson(answer ?? {})
  }
}
