import * as color from '@heroku/heroku-cli-util/color'
import { styledHeader, styledObject } from '@heroku/heroku-cli-util/hux'
import { ux } from '@oclif/core/ux'
import { readPrivateLink } from '../../../answers/private-link.ts'
import { printTable } from '../../../command/printed-table.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../../command/securekey-command.ts'
import {
  ACCOUNT_HEADERS,
  accountRow,
  CONNECTION_HEADERS,
  connectionRow,
  linkFacts,
  nextStep,
} from '../../../shown/private-link.ts'

export default class PrivateLink extends SecurekeyCommand {
  static override description = 'show the privatelink endpoint of an add-on securekey'
  static override examples = ['heroku securekey:privatelink -a my-app']
  static override args = { ...ADDON }
  static override flags = { ...APP, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(PrivateLink)
    const { addon, service } = await this.connect({ app: flags.app, addon: args.addon })
    const answer = await service.ask('GET', '/privatelink')
    if (flags.json) return this.printJson(answer)
    const link = readPrivateLink(answer)
    if (link.status === 'Provisioning') {
      const wait = color.code(`heroku securekey:privatelink:wait ${addon.name} --app ${addon.app}`)
      ux.stdout(`The privatelink endpoint is now being provisioned for ${color.addon(addon.name)}.`)
      return ux.stdout(`Use ${wait} to check the creation process.`)
    }
    styledHeader(`privatelink endpoint status for ${color.addon(addon.name)}`)
    styledObject(linkFacts(link))
    if (link.accounts.length > 0) {
      ux.stdout()
      styledHeader('Allowed Accounts')
      printTable(link.accounts.map(accountRow), ACCOUNT_HEADERS)
    }
    ux.stdout()
    if (link.connections.length > 0) {
      styledHeader('Connections')
      printTable(link.connections.map(connectionRow), CONNECTION_HEADERS)
    } else if (link.status === 'Operational') {
      for (const line of nextStep(link)) ux.stdout(line)
    }
  }
}
