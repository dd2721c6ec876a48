import { ux } from '@oclif/core/ux'
import { readMailReaders } from '../../../answers/mail.ts'
import { printTable } from '../../../command/printed-table.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../../command/securekey-command.ts'
import { collaboratorWords, mailRow } from '../../../shown/mail.ts'

export default class Mail extends SecurekeyCommand {
  static override description = 'list the addresses to which notices of an add-on securekey are mailed'
  static override args = { ...ADDON }
  static override flags = { ...APP, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Mail)
    const { service } = await this.connect({ app: flags.app, addon: args.addon })
    const answer = await service.ask('GET', '/mail-addresses')
    if (flags.json) return this.printJson(answer)
    const readers = readMailReaders(answer)
    const rows = readers.addresses.map(mailRow)
    if (rows.length === 0) ux.stdout('No addresses.')
    else printTable(rows, { id: 'ID', address: 'Address', state: 'State', added: 'Added', note: 'Note' })
    ux.stderr(collaboratorWords(readers))
  }
}
