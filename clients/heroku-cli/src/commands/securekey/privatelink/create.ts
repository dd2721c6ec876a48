import * as color from '@heroku/heroku-cli-util/color'
import { styledObject } from '@heroku/heroku-cli-util/hux'
import { ux } from '@oclif/core/ux'
import { readPrivateLink } from '../../../answers/private-link.ts'
import { ACCOUNTS } from '../../../command/account-flags.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../../command/securekey-command.ts'
import { linkFacts } from '../../../shown/private-link.ts'

export default class Create extends SecurekeyCommand {
  static override description = 'create a new privatelink endpoint for an add-on securekey'
  static override examples = [
    'heroku securekey:privatelink:create -a my-app --aws-account-id 123456789101',
    'heroku securekey:privatelink:create -a my-app --aws-account-id 123456789101:user/abc --aws-account-id 123456789101:role/xyz',
  ]
  static override args = { ...ADDON }
  static override flags = { ...APP, ...ACCOUNTS, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Create)
    const { addon, service } = await this.connect({ app: flags.app, addon: args.addon })
    const body = { allowed_accounts: flags['aws-account-id'] }
    const answer = await this.during('Creating privatelink endpoint', () =>
      service.ask('POST', '/privatelink', { body }),
    )
    if (flags.json) return this.printJson(answer)
    const wait = color.code(`heroku securekey:privatelink:wait ${addon.name} --app ${addon.app}`)
    ux.stdout()
    styledObject(linkFacts(readPrivateLink(answer)))
    ux.stdout()
    ux.stdout(`The privatelink endpoint is now being provisioned for ${color.addon(addon.name)}.`)
    ux.stdout(`Use ${wait} to check the creation process.`)
  }
}
