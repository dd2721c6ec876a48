import * as color from '@heroku/heroku-cli-util/color'
import { styledObject } from '@heroku/heroku-cli-util/hux'
import * as Args from '@oclif/core/args'
import { ux } from '@oclif/core/ux'
import { freezeOf, readFreeze, readFreezes } from '../../../answers/freezes.ts'
import { readResource } from '../../../answers/resource.ts'
import { ADDON, APP, CONFIRM, JSON_FLAG, SecurekeyCommand } from '../../../command/securekey-command.ts'
import { ofPuttingOffLess } from '../../../rotation/put-off.ts'
import { freezeWords, scheduleOf } from '../../../shown/calendar.ts'

export default class Remove extends SecurekeyCommand {
  static override description =
    'remove a freeze of an add-on securekey. A rotation that is due goes ahead at once, or when a window opens'
  static override examples = ['heroku securekey:freezes:remove 0a1b2c3d4e5f -a my-app']
  static override args = {
    freeze: Args.string({ description: 'id of the freeze, as securekey:freezes shows it', required: true }),
    ...ADDON,
  }
  static override flags = { ...APP, ...CONFIRM, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Remove)
    const { addon, service, now } = await this.connect({ app: flags.app, addon: args.addon })
    const { id } = freezeOf(readFreezes(await service.ask('GET', '/freezes')), args.freeze)
    const before = readResource(await service.ask('GET', '/resource'))
    const { sentences, early } = ofPuttingOffLess(before, now)
    if (early) await this.confirmed(addon.app, flags.confirm, sentences)
    else for (const sentence of sentences) ux.stderr(sentence)
    const answer = await this.during(`Removing a freeze from ${color.addon(addon.name)}`, () =>
      service.ask('DELETE', `/freezes/${encodeURIComponent(id)}`),
    )
    if (flags.json) return this.printJson(answer)
    ux.stdout(`The freeze is removed: ${freezeWords(readFreeze(answer))}`)
    styledObject(scheduleOf(readResource(await service.ask('GET', '/resource')), now))
  }
}
