import type { FastifyInstance } from 'fastify'
import type { HistoryRow } from '../../domain/history.ts'
import { downloadHistory } from '../../flows/dashboard/download-history.ts'
import { readHistoryPage, readRotationsPage } from '../../flows/dashboard/overview.ts'
import type { Guard, Visit } from './guard.ts'
import { CSV_HEADER, csvLines, jsonLines } from './history-files.ts'
import { type DashboardDeps, shellOf } from './overview-page.ts'
import { sendPage } from './pages.ts'
import { historyLine } from './present/history-words.ts'
import { historyEntry } from './present/rotations.ts'
import { precisionOf } from './present/time-words.ts'

const DOWNLOADS_PER_MINUTE = 10

/** All rotations and the whole history, page by page, and the history as files. */
export function registerLists(app: FastifyInstance, { deps }: DashboardDeps, guard: Guard): void {
  app.get(
    '/dashboard/:resourceId/rotations',
    guard.page(async (visit) => {
      const { resource, page } = await readRotationsPage(deps, { ...cursorOf(visit) })
      return sendPage(visit.reply, 'rotations', {
        title: 'Rotations',
        shell: shellOf(visit, resource),
        rotations: page.items.map((row) => historyEntry(row, deps.now(), precisionOf(resource))),
        olderThan: page.olderThan ?? '',
      })
    }),
  )

  app.get(
    '/dashboard/:resourceId/history',
    guard.page(async (visit) => {
      const { resource, page } = await readHistoryPage(deps, { ...cursorOf(visit) })
      return sendPage(visit.reply, 'history', {
        title: 'History',
        shell: shellOf(visit, resource),
        history: page.items.map((row) => historyLine(row, deps.now(), precisionOf(resource))),
        olderThan: page.olderThan ?? '',
      })
    }),
  )

  function file(format: 'csv' | 'jsonl', type: string, lines: (events: HistoryRow[]) => string, head = '') {
    const config = { rateLimit: { max: DOWNLOADS_PER_MINUTE, timeWindow: '1 minute' } }
    app.get(
      `/dashboard/:resourceId/history.${format}`,
      { config },
      guard.page(async ({ reply, resourceId, actor }) => {
        const batches = downloadHistory(deps, { resourceId, actor, format })
        return reply
          .type(type)
          .header('cache-control', 'no-store')
          .header('content-disposition', `attachment; filename="securekey-history-${resourceId}.${format}"`)
          .send(ReadableStream.from(textOf(batches, lines, head)))
      }),
    )
  }
  file('csv', 'text/csv; charset=utf-8', csvLines, CSV_HEADER)
  file('jsonl', 'application/jsonl; charset=utf-8', jsonLines)
}

async function* textOf(
  batches: AsyncIterable<HistoryRow[]>,
  lines: (events: HistoryRow[]) => string,
  head: string,
): AsyncGenerator<Uint8Array> {
  if (head !== '') yield Buffer.from(head)
  for await (const batch of batches) yield Buffer.from(lines(batch))
}

function cursorOf({ resourceId, request }: Visit): { resourceId: string; olderThan?: number } {
  const { before } = request.query as { before?: unknown }
  return typeof before === 'string' && /^[0-9]{1,9}$/.test(before)
    ? { resourceId, olderThan: Number(before) }
    : { resourceId }
}
