import { fieldsOf } from '../../answers/fields.ts'
import { readSessions } from '../../answers/sessions.ts'
import { printTable } from '../../command/printed-table.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../command/securekey-command.ts'
import { sessionRow } from '../../shown/tokens.ts'

export default class Sessions extends SecurekeyCommand {
  static override description =
    'list who is signed on to an add-on securekey, in browsers and by the command line'
  static override args = { ...ADDON }
  static override flags = { ...APP, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Sessions)
    const { service } = await this.connect({ app: flags.app, addon: args.addon })
    const answer = await service.ask('GET', '/sessions')
    if (flags.json) return this.printJson(fieldsOf(answer).sessions)
    const headers = { who: 'Who', where: 'Where', since: 'Since', used: 'Last used', ends: 'Ends' }
    printTable(readSessions(answer).map(sessionRow), headers)
  }
}
