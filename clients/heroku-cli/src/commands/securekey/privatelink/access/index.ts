import { ux } from '@oclif/core/ux'
import { fieldsOf } from '../../../../answers/fields.ts'
import { readPrivateLink } from '../../../../answers/private-link.ts'
import { printTable } from '../../../../command/printed-table.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../../../command/securekey-command.ts'
import { ACCOUNT_HEADERS, accountRow } from '../../../../shown/private-link.ts'

export default class Access extends SecurekeyCommand {
  static override description =
    'list all allowed accounts for the privatelink endpoint of an add-on securekey'
  static override examples = ['heroku securekey:privatelink:access -a my-app']
  static override args = { ...ADDON }
  static override flags = { ...APP, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Access)
    const { service } = await this.connect({ app: flags.app, addon: args.addon })
    const answer = await service.ask('GET', '/privatelink')
    if (flags.json) return this.printJson(fieldsOf(answer).allowed_accounts)
    const rows = readPrivateLink(answer).accounts.map(accountRow)
    if (rows.length > 0) printTable(rows, ACCOUNT_HEADERS)
    else ux.stdout('There are no allowed accounts')
  }
}
