import * as color from '@heroku/heroku-cli-util/color'
import * as Args from '@oclif/core/args'
import { ux } from '@oclif/core/ux'
import { fieldsOf } from '../../answers/fields.ts'
import { readPolicy, readResource } from '../../answers/resource.ts'
import { ADDON, APP, CONFIRM, SecurekeyCommand } from '../../command/securekey-command.ts'
import { ofGrace } from '../../rotation/consequence.ts'
import { graceWords } from '../../shown/info.ts'

export default class Grace extends SecurekeyCommand {
  static override description = 'set how long an old key is accepted'
  static override examples = [
    'heroku securekey:grace 48h -a my-app',
    'heroku securekey:grace period -a my-app',
  ]
  static override args = {
    period: Args.string({ description: '48h, 5d, or period: until the next rotation', required: true }),
    ...ADDON,
  }
  static override flags = { ...APP, ...CONFIRM }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Grace)
    const { addon, service, now } = await this.connect({ app: flags.app, addon: args.addon })
    const resource = readResource(await service.ask('GET', '/resource'))
    const { sentences, early } = ofGrace(resource, args.period, now)
    if (early) await this.confirmed(addon.app, flags.confirm, sentences)
    const answer = await this.during(`Setting the grace period of ${color.addon(addon.name)}`, () =>
      service.ask('PUT', '/grace', { body: { grace_period: args.period } }),
    )
    ux.stdout(`Old keys are accepted ${acceptedWords(readPolicy(fieldsOf(answer).policy).gracePeriod)}.`)
  }
}

function acceptedWords(grace: string): string {
  return grace === 'period' ? graceWords(grace) : `for ${grace} after their successor was published`
}
