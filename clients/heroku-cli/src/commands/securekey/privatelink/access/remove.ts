import { ux } from '@oclif/core/ux'
import { ACCOUNTS, accountWords } from '../../../../command/account-flags.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../../../command/securekey-command.ts'
import { ofRemoving } from '../../../../private-link/consequence.ts'
import { lookUnlessFailed } from '../../../../private-link/look.ts'

export default class Remove extends SecurekeyCommand {
  static override description =
    'remove an allowed account from the privatelink endpoint of an add-on securekey, and reject its VPC endpoints'
  static override examples = [
    'heroku securekey:privatelink:access:remove -a my-app --aws-account-id 123456789101:user/abc',
  ]
  static override args = { ...ADDON }
  static override flags = { ...APP, ...ACCOUNTS, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Remove)
    const { service } = await this.connect({ app: flags.app, addon: args.addon })
    const ids = flags['aws-account-id']
    const link = await lookUnlessFailed(service)
    for (const sentence of ofRemoving(link, ids)) ux.stderr(sentence)
    const answer = await this.during(`Removing ${accountWords(ids)}`, () =>
      service.ask('PATCH', '/privatelink/allowed-accounts', { body: { allowed_accounts: ids } }),
    )
    if (flags.json) this.printJson(answer)
  }
}
