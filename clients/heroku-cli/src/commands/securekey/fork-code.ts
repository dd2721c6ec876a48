import * as color from '@heroku/heroku-cli-util/color'
import { ux } from '@oclif/core/ux'
import { fieldsOf, momentIn } from '../../answers/fields.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../command/securekey-command.ts'
import { momentWords } from '../../words/moment.ts'

/** What a code is made of; anything else is not printed. */
const CODE = /^[\w-]{1,200}$/

export default class ForkCode extends SecurekeyCommand {
  static override description =
    'create the code by which a new add-on with an encryption key of yours takes over the keys of an add-on securekey, and print it: it is shown once'
  static override examples = [
    'heroku securekey:fork-code -a my-app',
    'heroku addons:create securekey:private-fortnightly -a my-app -- --encryption-key ARN --fork CODE',
  ]
  static override args = { ...ADDON }
  static override flags = { ...APP, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(ForkCode)
    const { addon, service, now } = await this.connect({ app: flags.app, addon: args.addon })
    const answer = await this.during(`Creating a code of ${color.addon(addon.name)}`, () =>
      service.ask('POST', '/fork-codes'),
    )
    if (flags.json) return this.printJson(answer)
    const fields = fieldsOf(answer)
    const { code } = fields
    if (typeof code !== 'string' || !CODE.test(code)) throw new Error('The service gave no code.')
    const [expires, next] = [momentIn(fields, 'expires_at'), momentIn(fields, 'next_rotation_at')]
    ux.stderr(
      [
        `Whoever has this code gets the keys of ${addon.name}, once, until ${momentWords(expires, now)}.`,
        `Attach the new add-on before ${momentWords(next, now)}, when this one may rotate.`,
        'There is no way back from an encryption key of yours to ours. It is shown once:',
      ].join('\n'),
    )
    ux.stdout(code)
  }
}
