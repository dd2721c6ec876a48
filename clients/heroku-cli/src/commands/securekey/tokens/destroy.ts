import * as color from '@heroku/heroku-cli-util/color'
import * as Args from '@oclif/core/args'
import { boolean } from '@oclif/core/flags'
import { ux } from '@oclif/core/ux'
import { fieldsOf, numberIn } from '../../../answers/fields.ts'
import { oneNamed } from '../../../answers/one-named.ts'
import { readTokens, type Token } from '../../../answers/tokens.ts'
import { ADDON, APP, CONFIRM, SecurekeyCommand } from '../../../command/securekey-command.ts'
import { listWords } from '../../../words/list.ts'

export default class Destroy extends SecurekeyCommand {
  static override description = 'end a token: the program that has it is refused from then on'
  static override examples = [
    'heroku securekey:tokens:destroy ci -a my-app --confirm my-app',
    'heroku securekey:tokens:destroy --all -a my-app --confirm my-app',
  ]
  static override args = {
    token: Args.string({ description: 'id or name of the token; left out with --all' }),
    ...ADDON,
  }
  static override flags = { ...APP, ...CONFIRM, all: boolean({ description: 'end all tokens' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Destroy)
    const { token, addon: second } = args
    const wanted = flags.all ? undefined : token
    if (!flags.all && wanted === undefined) this.usage('Name a token, or end all of them with --all.')
    if (flags.all && second !== undefined) this.usage('With --all no token is named.')
    const { addon, service } = await this.connect({ app: flags.app, addon: flags.all ? token : second })
    const tokens = readTokens(await service.ask('GET', '/tokens'))
    const ending = wanted === undefined ? tokens : [oneNamed(tokens, wanted, 'token')]
    if (ending.length === 0) return ux.stdout('No tokens.')
    await this.confirmed(addon.app, flags.confirm, [endWords(ending)])

    const path = wanted === undefined ? '/tokens' : `/tokens/${encodeURIComponent(ending[0]?.id ?? '')}`
    const what = ending.length === 1 ? 'a token' : `${ending.length} tokens`
    const answer = await this.during(`Ending ${what} of ${color.addon(addon.name)}`, () =>
      service.ask('DELETE', path),
    )
    const ended = numberIn(fieldsOf(answer), 'ended')
    ux.stdout(`${ended} ${ended === 1 ? 'token has' : 'tokens have'} ended.`)
  }
}

function endWords(tokens: readonly Token[]): string {
  const names = tokens.map(({ name, id }) => `${name} (${id})`)
  return names.length === 1
    ? `The token ${names[0]} ends: the program that has it is refused from then on.`
    : `The tokens ${listWords(names)} end: the programs that have them are refused from then on.`
}
