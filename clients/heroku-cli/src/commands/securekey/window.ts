import * as color from '@heroku/heroku-cli-util/color'
import { styledObject } from '@heroku/heroku-cli-util/hux'
import * as Args from '@oclif/core/args'
import { ux } from '@oclif/core/ux'
import { fieldsOf } from '../../answers/fields.ts'
import { readResource, readSchedule } from '../../answers/resource.ts'
import { ADDON, APP, CONFIRM, JSON_FLAG, SecurekeyCommand } from '../../command/securekey-command.ts'
import { ofPuttingOffLess } from '../../rotation/put-off.ts'
import { scheduleOf } from '../../shown/calendar.ts'
import { typedWindows } from '../../words/windows.ts'

export default class Window extends SecurekeyCommand {
  static override description =
    'show or set the windows in which the schedule restarts apps. What is due outside of them waits until one opens'
  static override examples = [
    'heroku securekey:window -a my-app',
    'heroku securekey:window "tue-thu 09:00-12:00 Europe/Berlin; sat 22:00-02:00 Europe/Berlin" -a my-app',
    'heroku securekey:window any -a my-app',
  ]
  static override args = {
    window: Args.string({
      description:
        'days, times and a time zone in quotes, several parted by ";", or any; left out to show them',
    }),
    ...ADDON,
  }
  static override flags = { ...APP, ...CONFIRM, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Window)
    const typed = typedWindows(args.window, args.addon)
    if (!typed) this.usage('Put the windows into quotes: "tue-thu 09:00-12:00 Europe/Berlin".')
    const { addon, service, now } = await this.connect({ app: flags.app, addon: typed.addon })
    const looked = await service.ask('GET', '/resource')
    const resource = readResource(looked)
    if (typed.windows === undefined) {
      const { next_rotation_at, next_rotations, policy } = fieldsOf(looked)
      if (flags.json) this.printJson({ next_rotation_at, next_rotations, policy })
      else styledObject(scheduleOf(resource, now))
      return
    }
    if (typed.windows !== (resource.policy.windows.join('; ') || 'any')) {
      const { sentences, early } = ofPuttingOffLess(resource, now)
      if (early) await this.confirmed(addon.app, flags.confirm, sentences)
      else for (const sentence of sentences) ux.stderr(sentence)
    }
    const answer = await this.during(`Setting the windows of ${color.addon(addon.name)}`, () =>
      service.ask('PUT', '/window', { body: { window: typed.windows } }),
    )
    if (flags.json) return this.printJson(answer)
    if (fieldsOf(answer).changed !== true) ux.stdout('Nothing changed: the windows were these already.')
    styledObject(scheduleOf(readSchedule(answer), now))
  }
}
