import { styledObject } from '@heroku/heroku-cli-util/hux'
import { ux } from '@oclif/core/ux'
import { readNotices } from '../../../answers/notices.ts'
import { printTable } from '../../../command/printed-table.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../../command/securekey-command.ts'
import { targetWords } from '../../../shown/notices.ts'
import { dateWords } from '../../../words/moment.ts'

export default class Notices extends SecurekeyCommand {
  static override description =
    'show whether the log of the app is told what happens to the keys, and the newest of that'
  static override examples = ['heroku securekey:notices -a my-app']
  static override args = { ...ADDON }
  static override flags = { ...APP, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Notices)
    const { service, now } = await this.connect({ app: flags.app, addon: args.addon })
    const answer = await service.ask('GET', '/notices')
    if (flags.json) return this.printJson(answer)
    const { log, newest } = readNotices(answer)
    styledObject({ 'Log of the app': targetWords(log, now) })
    if (newest.length === 0) ux.stdout('Nothing has happened yet of which anybody is told.')
    else
      printTable(
        newest.map(({ at, kind, text }) => ({ at: dateWords(at), kind, text })),
        { at: 'At', kind: 'Kind', text: 'What' },
      )
  }
}
