import * as color from '@heroku/heroku-cli-util/color'
import { ux } from '@oclif/core/ux'
import { fieldsOf, momentOrNullIn } from '../../answers/fields.ts'
import { ADDON, APP, SecurekeyCommand } from '../../command/securekey-command.ts'
import { momentWords } from '../../words/moment.ts'

export default class Resume extends SecurekeyCommand {
  static override description = 'resume scheduled rotations'
  static override args = { ...ADDON }
  static override flags = { ...APP }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Resume)
    const { addon, service, now } = await this.connect({ app: flags.app, addon: args.addon })
    const answer = await this.during(`Resuming scheduled rotations of ${color.addon(addon.name)}`, () =>
      service.ask('POST', '/resume', { body: {} }),
    )
    const fields = fieldsOf(answer)
    const next = momentOrNullIn(fields, 'next_rotation_at')
    const words = next ? ` The next rotation is at ${momentWords(next, now)}.` : ''
    ux.stdout(`${fields.changed === true ? 'Resumed.' : 'They were not paused.'}${words}`)
  }
}
