import * as color from '@heroku/heroku-cli-util/color'
import { styledHeader, styledObject } from '@heroku/heroku-cli-util/hux'
import { readFreezes } from '../../answers/freezes.ts'
import { readResource } from '../../answers/resource.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../command/securekey-command.ts'
import { infoOf } from '../../shown/info.ts'

export default class Info extends SecurekeyCommand {
  static override description = 'show an add-on securekey: its health, dates, policy and apps'
  static override args = { ...ADDON }
  static override flags = { ...APP, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Info)
    const { addon, service, now } = await this.connect({ app: flags.app, addon: args.addon })
    const answer = await service.ask('GET', '/resource')
    if (flags.json) return this.printJson(answer)
    const freezes = readFreezes(await service.ask('GET', '/freezes'))
    const info = infoOf(readResource(answer), freezes, now, color)
    styledHeader(color.addon(addon.name))
    styledObject(info)
  }
}
