import { boolean } from '@oclif/core/flags'
import { ux } from '@oclif/core/ux'
import { readAccess } from '../../answers/access.ts'
import { fieldsOf, numberIn } from '../../answers/fields.ts'
import { printTable } from '../../command/printed-table.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../command/securekey-command.ts'
import { accessorRow, unusualRow } from '../../shown/access.ts'

export default class Access extends SecurekeyCommand {
  static override description =
    'list who uses an add-on securekey and from which networks, and what of it was unusual in the last 90 days'
  static override args = { ...ADDON }
  static override flags = {
    ...APP,
    known: boolean({
      description: 'say that the unusual access in the list was one of you: the history names you for it',
      exclusive: ['json'],
    }),
    ...JSON_FLAG,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Access)
    const { service } = await this.connect({ app: flags.app, addon: args.addon })
    const answer = await service.ask('GET', '/access')
    if (flags.json) return this.printJson(answer)
    const { accessors, unusual } = readAccess(answer)
    if (unusual.length === 0) ux.stdout('Nothing unusual in the last 90 days.')
    else printTable(unusual.map(unusualRow), { at: 'Unusual at', why: 'Why', known: 'Known' })
    if (accessors.length > 0) {
      const headers = { who: 'Who', from: 'From', since: 'Since', last: 'Last', keys: 'Keys last' }
      printTable(accessors.map(accessorRow), headers)
    }
    // What was told since it was listed is not marked.
    const [newest] = unusual.filter(({ knownAt }) => knownAt === null)
    if (!flags.known || !newest) return
    const body = { until: newest.at.toISOString() }
    const marked = numberIn(fieldsOf(await service.ask('POST', '/access/known', { body })), 'known')
    ux.stdout(`Marked ${marked} as known.`)
  }
}
