import { integer } from '@oclif/core/flags'
import { readHistoryPage } from '../../answers/history.ts'
import { printTable } from '../../command/printed-table.ts'
import { ADDON, APP, JSON_FLAG, SecurekeyCommand } from '../../command/securekey-command.ts'
import type { Service } from '../../service/service.ts'
import { historyRow } from '../../shown/history.ts'

const DEFAULT_NUM = 15
const MOST_NUM = 2_000

export default class History extends SecurekeyCommand {
  static override description = 'show what happened to an add-on securekey, the newest first'
  static override args = { ...ADDON }
  static override flags = {
    ...APP,
    ...JSON_FLAG,
    num: integer({ char: 'n', description: 'number of events to show', min: 1, max: MOST_NUM }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(History)
    const { service } = await this.connect({ app: flags.app, addon: args.addon })
    const { events, items } = await readEvents(service, flags.num ?? DEFAULT_NUM)
    if (flags.json) return this.printJson(items)
    printTable(events.map(historyRow), { seq: '#', at: 'When', what: 'What', by: 'By' })
  }
}

/** As many of the newest events as are wanted, page by page; each page is older than the one before. */
async function readEvents(service: Service, wanted: number): Promise<ReturnType<typeof readHistoryPage>> {
  let found = readHistoryPage(await service.ask('GET', '/history'))
  while (found.events.length < wanted && found.next !== null) {
    const page = readHistoryPage(
      await service.ask('GET', '/history', { query: { before: String(found.next) } }),
    )
    if (page.events.length === 0) break
    found = {
      events: [...found.events, ...page.events],
      items: [...found.items, ...page.items],
      next: page.next,
    }
  }
  return { events: found.events.slice(0, wanted), items: found.items.slice(0, wanted), next: found.next }
}
