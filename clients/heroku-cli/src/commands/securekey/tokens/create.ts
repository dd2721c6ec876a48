import * as color from '@heroku/heroku-cli-util/color'
import { string } from '@oclif/core/flags'
import { ux } from '@oclif/core/ux'
import { fieldsOf } from '../../../answers/fields.ts'
import { readToken } from '../../../answers/tokens.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../../command/securekey-command.ts'
import { listWords } from '../../../words/list.ts'
import { momentWords } from '../../../words/moment.ts'

const SCOPES = ['read', 'rotate', 'revoke', 'keyring']
/** What a token is made of; anything else is not printed. */
const TOKEN = /^[\w-]{1,200}$/

export default class Create extends SecurekeyCommand {
  static override description =
    'create a token by which a program uses an add-on securekey, and print it: it is shown once'
  static override examples = [
    'heroku securekey:tokens:create -a my-app --name ci --scope rotate --expires 30d',
  ]
  static override args = { ...ADDON }
  static override flags = {
    ...APP,
    ...JSON_FLAG,
    name: string({ char: 'n', description: 'what uses the token', required: true }),
    scope: string({
      char: 's',
      description: 'what it may do; several are parted by commas',
      options: SCOPES,
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
      required: true,
    }),
    expires: string({
      char: 'e',
      description: 'how long it lives: 12h, 30d; a year at most',
      default: '90d',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Create)
    const { addon, service, now } = await this.connect({ app: flags.app, addon: args.addon })
    const body = { name: flags.name, scopes: [...new Set(flags.scope)], life: flags.expires }
    const answer = await this.during(`Creating a token of ${color.addon(addon.name)}`, () =>
      service.ask('POST', '/tokens', { body }),
    )
    if (flags.json) return this.printJson(answer)
    const { token: text } = fieldsOf(answer)
    if (typeof text !== 'string' || !TOKEN.test(text)) throw new Error('The service gave no token.')
    const { id, name, scopes, expiresAt } = readToken(answer)
    ux.stderr(
      `Token ${name} (${id}) may ${listWords(scopes)} until ${momentWords(expiresAt, now)}. It is shown once:`,
    )
    ux.stdout(text)
  }
}
