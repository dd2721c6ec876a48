import { ACCOUNTS, accountWords } from '../../../../command/account-flags.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../../../command/securekey-command.ts'

export default class Add extends SecurekeyCommand {
  static override description =
    'add one or more allowed AWS accounts to the privatelink endpoint of an add-on securekey'
  static override examples = [
    'heroku securekey:privatelink:access:add -a my-app --aws-account-id 123456789101:user/abc',
  ]
  static override args = { ...ADDON }
  static override flags = { ...APP, ...ACCOUNTS, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Add)
    const { service } = await this.connect({ app: flags.app, addon: args.addon })
    const ids = flags['aws-account-id']
    const answer = await this.during(`Adding ${accountWords(ids)}`, () =>
      service.ask('PUT', '/privatelink/allowed-accounts', { body: { allowed_accounts: ids } }),
    )
    if (flags.json) this.printJson(answer)
  }
}
