import * as color from '@heroku/heroku-cli-util/color'
import { boolean } from '@oclif/core/flags'
import { ux } from '@oclif/core/ux'
import { readResource } from '../../answers/resource.ts'
import { readAccepted } from '../../answers/rotation.ts'
import { ADDON, APP, CONFIRM, JSON_FLAG, SecurekeyCommand } from '../../command/securekey-command.ts'
import { WAITING, waitShown } from '../../command/wait-flags.ts'
import { ofRevoking } from '../../rotation/consequence.ts'

export default class Revoke extends SecurekeyCommand {
  static override description = 'revoke all keys, because one leaked: everybody is logged out'
  static override examples = ['heroku securekey:revoke -a my-app --confirm my-app']
  static override args = { ...ADDON }
  static override flags = {
    ...APP,
    ...CONFIRM,
    ...JSON_FLAG,
    'keep-tokens': boolean({ description: 'keep the tokens that may read the keys' }),
    wait: boolean({ description: 'wait until every attached app runs the new keys' }),
    ...WAITING,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Revoke)
    const { addon, service } = await this.connect({ app: flags.app, addon: args.addon })
    const resource = readResource(await service.ask('GET', '/resource'))
    const keepTokens = flags['keep-tokens']
    await this.confirmed(addon.app, flags.confirm, ofRevoking(resource, keepTokens).sentences)

    const body = { confirm: resource.id, keep_tokens: keepTokens }
    const answer = await this.during(`Revoking the keys of ${color.addon(addon.name)}`, () =>
      service.ask('POST', '/revocations', { body, idempotencyKey: this.surroundings.uuid() }),
    )
    if (flags.wait) {
      await waitShown(service, 'Waiting for every app to run the new keys', flags, this.surroundings)
    }
    if (flags.json) return this.printJson(answer)
    const { rotation } = readAccepted(answer)
    ux.stdout(
      flags.wait
        ? 'Every app runs new keys. The old ones are revoked.'
        : `The keys are revoked. Rotation ${rotation.id} brings new ones.`,
    )
  }
}
