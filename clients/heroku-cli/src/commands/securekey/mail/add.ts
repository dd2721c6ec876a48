import * as color from '@heroku/heroku-cli-util/color'
import * as Args from '@oclif/core/args'
import { ux } from '@oclif/core/ux'
import { addressNamed, isLinkSent, readMailAddress, readMailReaders } from '../../../answers/mail.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../../command/securekey-command.ts'
import { momentWords } from '../../../words/moment.ts'

export default class Add extends SecurekeyCommand {
  static override description =
    'have notices mailed to an address, once its reader has confirmed it by a link; for one that waits, send another link'
  static override examples = ['heroku securekey:mail:add ann@example.com -a my-app']
  static override args = {
    address: Args.string({ description: 'one plain address', required: true }),
    ...ADDON,
  }
  static override flags = { ...APP, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Add)
    const { addon, service, now } = await this.connect({ app: flags.app, addon: args.addon })
    const { addresses } = readMailReaders(await service.ask('GET', '/mail-addresses'))
    const held = addresses.find(({ address }) => address.toLowerCase() === args.address.toLowerCase())
    const answer = await this.during(`Sending a link for ${color.addon(addon.name)}`, () =>
      held === undefined || held.state === 'confirmed'
        ? service.ask('POST', '/mail-addresses', { body: { address: args.address } })
        : service.ask('POST', `/mail-addresses/${encodeURIComponent(held.id)}/retry`),
    )
    if (flags.json) return this.printJson(answer)
    const after = readMailReaders(await service.ask('GET', '/mail-addresses'))
    const added = addressNamed(after.addresses, held?.id ?? readMailAddress(answer).id)
    if (added.state !== 'unconfirmed') {
      return ux.stdout(`${added.address} is tried again with the next notice.`)
    }
    if (!isLinkSent(answer)) {
      throw new Error(
        `No link was sent: ${added.trouble ?? 'the mail server took no mail'}. Try again later.`,
      )
    }
    const until = added.confirmBy ? `, by ${momentWords(added.confirmBy, now)}` : ''
    ux.stdout(
      `A link was mailed to ${added.address}. Notices go there once its reader has confirmed it${until}.`,
    )
  }
}
