import * as color from '@heroku/heroku-cli-util/color'
import { styledObject } from '@heroku/heroku-cli-util/hux'
import { custom, string } from '@oclif/core/flags'
import { ux } from '@oclif/core/ux'
import { readFreeze } from '../../../answers/freezes.ts'
import { readResource } from '../../../answers/resource.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../../command/securekey-command.ts'
import { ofFreezing } from '../../../rotation/put-off.ts'
import { freezeWords, scheduleOf } from '../../../shown/calendar.ts'
import { freezeDateOf } from '../../../words/freeze-date.ts'

const date = custom<string>({ parse: async (text) => freezeDateOf(text) })

export default class Add extends SecurekeyCommand {
  static override description =
    'add a freeze: from its first date to its last one the schedule restarts no app. Rotations by hand and revokes go ahead'
  static override examples = [
    'heroku securekey:freezes:add -a my-app --from 2026-12-20 --until 2027-01-05 --zone Europe/Berlin --reason "Christmas"',
  ]
  static override args = { ...ADDON }
  static override flags = {
    ...APP,
    ...JSON_FLAG,
    from: date({ description: 'date such as 2026-12-20, or with a time, 2026-12-20T18:00', required: true }),
    until: date({ description: 'the same; a date without a time is frozen to its end', required: true }),
    zone: string({ description: 'IANA time zone of the dates', default: 'UTC', helpValue: 'Europe/Berlin' }),
    reason: string({ description: 'why, for whoever looks at the add-on', default: '' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Add)
    const { addon, service, now } = await this.connect({ app: flags.app, addon: args.addon })
    const before = readResource(await service.ask('GET', '/resource'))
    for (const sentence of ofFreezing(before)) ux.stderr(sentence)
    const { from, until, zone, reason } = flags
    const answer = await this.during(`Adding a freeze to ${color.addon(addon.name)}`, () =>
      service.ask('POST', '/freezes', { body: { from, until, zone, reason } }),
    )
    if (flags.json) return this.printJson(answer)
    const freeze = readFreeze(answer)
    ux.stdout(`Freeze ${freeze.id} is added: ${freezeWords(freeze)}`)
    styledObject(scheduleOf(readResource(await service.ask('GET', '/resource')), now))
  }
}
