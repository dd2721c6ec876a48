import * as color from '@heroku/heroku-cli-util/color'
import * as Args from '@oclif/core/args'
import { ux } from '@oclif/core/ux'
import { readNotices } from '../../../answers/notices.ts'
import { ADDON, APP, SecurekeyCommand } from '../../../command/securekey-command.ts'

export default class NoticesLog extends SecurekeyCommand {
  static override description =
    'switch notices in the log of the app on or off. Switched off, whoever watches the log learns of no rotation'
  static override examples = ['heroku securekey:notices:log off -a my-app']
  static override args = {
    switch: Args.string({ description: 'on or off', options: ['on', 'off'], required: true }),
    ...ADDON,
  }
  static override flags = { ...APP }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(NoticesLog)
    const { addon, service } = await this.connect({ app: flags.app, addon: args.addon })
    const log = args.switch === 'on'
    const what = `Switching notices of ${color.addon(addon.name)} in the log of the app ${args.switch}`
    const answer = await this.during(what, () => service.ask('PUT', '/notices', { body: { log } }))
    const isOn = readNotices(answer).log !== null
    ux.stdout(
      isOn ? 'Notices are written into the log of the app.' : 'No notice is written into the log of the app.',
    )
  }
}
