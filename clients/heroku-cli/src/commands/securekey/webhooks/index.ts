import { ux } from '@oclif/core/ux'
import { fieldsOf } from '../../../answers/fields.ts'
import { readWebhooks, type Webhook } from '../../../answers/webhooks.ts'
import { printTable } from '../../../command/printed-table.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../../command/securekey-command.ts'
import { dateWords } from '../../../words/moment.ts'

export default class Webhooks extends SecurekeyCommand {
  static override description =
    'list the webhooks to which notices of an add-on securekey are sent, never their secrets'
  static override args = { ...ADDON }
  static override flags = { ...APP, ...JSON_FLAG }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Webhooks)
    const { service } = await this.connect({ app: flags.app, addon: args.addon })
    const answer = await service.ask('GET', '/webhooks')
    if (flags.json) return this.printJson(fieldsOf(answer).webhooks)
    const rows = readWebhooks(answer).map(rowOf)
    if (rows.length === 0) ux.stdout('No webhooks.')
    else
      printTable(rows, { id: 'ID', name: 'Name', url: 'URL', state: 'State', by: 'Added by', added: 'Added' })
  }
}

function rowOf({ id, name, url, addedBy, addedAt, offSince }: Webhook) {
  return {
    id,
    name,
    url,
    state: offSince ? `off since ${dateWords(offSince)}` : 'on',
    by: addedBy ?? 'somebody unverified',
    added: dateWords(addedAt),
  }
}
