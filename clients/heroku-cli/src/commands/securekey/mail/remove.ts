import * as color from '@heroku/heroku-cli-util/color'
import * as Args from '@oclif/core/args'
import { ux } from '@oclif/core/ux'
import { addressNamed, readMailReaders } from '../../../answers/mail.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../../command/securekey-command.ts'

export default class Remove extends SecurekeyCommand {
  static override description =
    'mail no more notices to an address, which is forgotten. To have it back, its reader has to confirm it again'
  static override examples = ['heroku securekey:mail:remove ann@example.com -a my-app']
  static override args = {
    address: Args.string({
      description: 'the address, or its id as securekey:mail shows it',
      required: true,
    }),
    ...ADDON,
  }
  static override flags = { ...APP, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Remove)
    const { addon, service } = await this.connect({ app: flags.app, addon: args.addon })
    const { addresses } = readMailReaders(await service.ask('GET', '/mail-addresses'))
    const { id, address } = addressNamed(addresses, args.address)
    const answer = await this.during(`Removing an address from ${color.addon(addon.name)}`, () =>
      service.ask('DELETE', `/mail-addresses/${encodeURIComponent(id)}`),
    )
    if (flags.json) return this.printJson(answer)
    ux.stdout(`${address} is removed and gets no more notices.`)
  }
}
