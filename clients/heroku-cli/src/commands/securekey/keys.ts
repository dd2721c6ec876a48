import { fieldsOf } from '../../answers/fields.ts'
import { readResource } from '../../answers/resource.ts'
import { printTable } from '../../command/printed-table.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../command/securekey-command.ts'
import { keyRow } from '../../shown/keys.ts'

export default class Keys extends SecurekeyCommand {
  static override description = 'list the keys of an add-on securekey by their ids, never their texts'
  static override args = { ...ADDON }
  static override flags = { ...APP, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Keys)
    const { service } = await this.connect({ app: flags.app, addon: args.addon })
    const answer = await service.ask('GET', '/resource')
    if (flags.json) return this.printJson(fieldsOf(answer).keys)
    const headers = { key: 'Key', version: 'Version', use: 'Use', made: 'Made', until: 'Accepted until' }
    printTable(readResource(answer).keys.map(keyRow), headers)
  }
}
