import * as color from '@heroku/heroku-cli-util/color'
import * as Args from '@oclif/core/args'
import { ux } from '@oclif/core/ux'
import { fieldsOf } from '../../answers/fields.ts'
import { readPolicy, readResource } from '../../answers/resource.ts'
import { ADDON, APP, CONFIRM, SecurekeyCommand } from '../../command/securekey-command.ts'
import { keptWords } from '../../shown/token-life.ts'
import { typedTokenLife } from '../../words/token-life.ts'

export default class TokenLife extends SecurekeyCommand {
  static override description =
    'show or state how long the longest thing lives that apps sign. Old keys are kept until what they signed has ended'
  static override examples = [
    'heroku securekey:token-life -a my-app',
    'heroku securekey:token-life 30d -a my-app',
    'heroku securekey:token-life off -a my-app',
  ]
  static override args = {
    life: Args.string({ description: '30d, 36h, or off; left out to show it' }),
    ...ADDON,
  }
  static override flags = { ...APP, ...CONFIRM }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(TokenLife)
    const typed = typedTokenLife(args.life, args.addon)
    const { addon, service, now } = await this.connect({ app: flags.app, addon: typed.addon })
    const { life } = typed
    if (life !== undefined) {
      const answer = await this.confirmingEnds(addon.app, flags.confirm, (confirm) =>
        this.during(`Setting the token life of ${color.addon(addon.name)}`, () =>
          service.ask('PUT', '/token-life', { body: { token_life: life, ...confirm } }),
        ),
      )
      const already = fieldsOf(answer).changed === true ? '' : ' already'
      const { tokenLife } = readPolicy(fieldsOf(answer).policy)
      ux.stdout(
        tokenLife === 'off'
          ? `No token life is stated${already && ' anyway'}.`
          : `The token life is ${tokenLife}${already}.`,
      )
    }
    const resource = readResource(await service.ask('GET', '/resource'))
    for (const line of keptWords(resource, now)) ux.stdout(line)
  }
}
