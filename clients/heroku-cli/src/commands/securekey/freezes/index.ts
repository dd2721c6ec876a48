import { ux } from '@oclif/core/ux'
import { fieldsOf } from '../../../answers/fields.ts'
import { readFreezes } from '../../../answers/freezes.ts'
import { printTable } from '../../../command/printed-table.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../../command/securekey-command.ts'
import { freezeRow } from '../../../shown/calendar.ts'

export default class Freezes extends SecurekeyCommand {
  static override description =
    'list the freezes that are not over, of an add-on securekey and of all: in a freeze the schedule restarts no app'
  static override args = { ...ADDON }
  static override flags = { ...APP, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Freezes)
    const { service, now } = await this.connect({ app: flags.app, addon: args.addon })
    const answer = await service.ask('GET', '/freezes')
    if (flags.json) return this.printJson(fieldsOf(answer).freezes)
    const rows = readFreezes(answer).map((freeze) => freezeRow(freeze, now))
    if (rows.length === 0) ux.stdout('No freezes.')
    else
      printTable(rows, {
        id: 'ID',
        from: 'From',
        until: 'Until',
        zone: 'Time zone',
        state: 'State',
        reason: 'Reason',
        of: 'Of',
      })
  }
}
