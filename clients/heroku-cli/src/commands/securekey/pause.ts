import * as color from '@heroku/heroku-cli-util/color'
import { custom, string } from '@oclif/core/flags'
import { ux } from '@oclif/core/ux'
import { fieldsOf } from '../../answers/fields.ts'
import { readPolicy } from '../../answers/resource.ts'
import { ADDON, APP, SecurekeyCommand } from '../../command/securekey-command.ts'
import { pauseWords } from '../../shown/info.ts'
import { SURROUNDINGS } from '../../surroundings.ts'
import { endOf } from '../../words/end.ts'

const end = custom<Date>({ parse: async (text) => endOf(text, SURROUNDINGS.now()) })

export default class Pause extends SecurekeyCommand {
  static override description =
    'pause scheduled rotations: the time left to the next one stands still. One by hand still goes ahead'
  static override examples = ['heroku securekey:pause -a my-app --reason "code freeze" --until 7d']
  static override args = { ...ADDON }
  static override flags = {
    ...APP,
    reason: string({ description: 'why, for whoever looks at the add-on', required: true }),
    until: end({ description: 'date in UTC, or a time such as 7d; otherwise until somebody resumes' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Pause)
    const { addon, service, now } = await this.connect({ app: flags.app, addon: args.addon })
    const body = { reason: flags.reason, until: flags.until?.toISOString() ?? null }
    const answer = await this.during(`Pausing scheduled rotations of ${color.addon(addon.name)}`, () =>
      service.ask('POST', '/pause', { body }),
    )
    const words = pauseWords(readPolicy(fieldsOf(answer).policy), now)
    const changed = fieldsOf(answer).changed === true
    ux.stdout(`${changed ? 'Paused' : 'Was paused already, and nothing changed:'} ${words ?? ''}`)
  }
}
