import * as color from '@heroku/heroku-cli-util/color'
import * as Args from '@oclif/core/args'
import { ux } from '@oclif/core/ux'
import { fieldsOf } from '../../answers/fields.ts'
import { readResource } from '../../answers/resource.ts'
import { ADDON, APP, CONFIRM, SecurekeyCommand } from '../../command/securekey-command.ts'
import { restartWords } from '../../rotation/consequence.ts'

export default class Next extends SecurekeyCommand {
  static override description =
    'announce the key of the next rotation one rotation early, so that apps accept it before any of them signs with it'
  static override examples = ['heroku securekey:next on -a my-app']
  static override args = {
    switch: Args.string({ description: 'on or off', options: ['on', 'off'], required: true }),
    ...ADDON,
  }
  static override flags = { ...APP, ...CONFIRM }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Next)
    const { addon, service } = await this.connect({ app: flags.app, addon: args.addon })
    const announced = args.switch === 'on'
    const resource = readResource(await service.ask('GET', '/resource'))
    if (resource.policy.announcesNext !== announced) ux.stderr(restartWords(resource))
    const what = announced ? 'Announcing the next key' : 'Announcing the next key no longer'
    const answer = await this.confirmingEnds(addon.app, flags.confirm, (confirm) =>
      this.during(`${what} of ${color.addon(addon.name)}`, () =>
        service.ask('PUT', '/next', { body: { announced, ...confirm } }),
      ),
    )
    const already = fieldsOf(answer).changed === true ? '' : ' already'
    ux.stdout(
      announced
        ? `The next key is announced${already}.`
        : `The next key is not announced${already && ' anyway'}.`,
    )
  }
}
