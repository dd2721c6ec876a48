import * as color from '@heroku/heroku-cli-util/color'
import { ux } from '@oclif/core/ux'
import { ADDON, APP, SecurekeyCommand } from '../../command/securekey-command.ts'
import { WAITING, waitShown } from '../../command/wait-flags.ts'
import { hiddenWords } from '../../shown/apps.ts'

export default class Wait extends SecurekeyCommand {
  static override description =
    'wait until no rotation is under way and every attached app runs the current key'
  static override examples = ['heroku securekey:wait -a my-app --timeout 10m']
  static override args = { ...ADDON }
  static override flags = { ...APP, ...WAITING }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Wait)
    const { addon, service } = await this.connect({ app: flags.app, addon: args.addon })
    const what = `Waiting for ${color.addon(addon.name)}`
    const resource = await waitShown(service, what, flags, this.surroundings)
    const hidden = hiddenWords(resource)
    if (hidden) ux.warn(hidden)
  }
}
