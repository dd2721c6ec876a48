import { ux } from '@oclif/core/ux'
import { fieldsOf } from '../../../answers/fields.ts'
import { readTokens } from '../../../answers/tokens.ts'
import { printTable } from '../../../command/printed-table.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../../command/securekey-command.ts'
import { tokenRow } from '../../../shown/tokens.ts'

export default class Tokens extends SecurekeyCommand {
  static override description = 'list the tokens by which programs use an add-on securekey, never their texts'
  static override args = { ...ADDON }
  static override flags = { ...APP, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Tokens)
    const { service } = await this.connect({ app: flags.app, addon: args.addon })
    const answer = await service.ask('GET', '/tokens')
    if (flags.json) return this.printJson(fieldsOf(answer).tokens)
    const rows = readTokens(answer).map(tokenRow)
    if (rows.length === 0) ux.stdout('No tokens.')
    else
      printTable(rows, {
        id: 'ID',
        name: 'Name',
        scopes: 'Scopes',
        by: 'Made by',
        used: 'Last used',
        ends: 'Ends',
      })
  }
}
