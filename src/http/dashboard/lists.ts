import type { FastifyInstance } from 'fastify'
import type { AuditEvent } from '../../domain/audit.ts'
import { downloadAudit } from '../../flows/download-audit.ts'
import { readAuditPage, readHistoryPage } from '../../flows/overview.ts'
import { CSV_HEADER, csvLines, jsonLines } from './audit-files.ts'
import type { Guard, Visit } from './guard.ts'
import { type DashboardDeps, shellOf } from './overview-page.ts'
import { sendPage } from './pages.ts'
import { auditLine } from './present/audit-words.ts'
import { historyEntry } from './present/history.ts'
import { precisionOf } from './present/time-words.ts'

const DOWNLOADS_PER_MINUTE = 10

/** The whole history and the whole audit trail, page by page, and the trail as files. */
export function registerLists(app: FastifyInstance, { deps }: DashboardDeps, guard: Guard): void {
  app.get(
    '/dashboard/:resourceId/history',
    guard.page(async (visit) => {
      const { resource, page } = await readHistoryPage(deps, { ...cursorOf(visit) })
      return sendPage(visit.reply, 'history', {
        title: 'History',
        shell: shellOf(visit, resource),
        history: page.items.map((rotation) => historyEntry(rotation, deps.now(), precisionOf(resource))),
        olderThan: page.olderThan ?? '',
      })
    }),
  )

  app.get(
    '/dashboard/:resourceId/audit',
    guard.page(async (visit) => {
      const { resource, page } = await readAuditPage(deps, { ...cursorOf(visit) })
      return sendPage(visit.reply, 'audit', {
        title: 'Audit trail',
        shell: shellOf(visit, resource),
        audit: page.items.map((row) => auditLine(row, deps.now(), precisionOf(resource))),
        olderThan: page.olderThan ?? '',
      })
    }),
  )

  function file(format: 'csv' | 'jsonl', type: string, lines: (events: AuditEvent[]) => string, head = '') {
    const config = { rateLimit: { max: DOWNLOADS_PER_MINUTE, timeWindow: '1 minute' } }
    app.get(
      `/dashboard/:resourceId/audit.${format}`,
      { config },
      guard.page(async ({ reply, resourceId, actor }) => {
        const batches = downloadAudit(deps, { resourceId, actor, format })
        return reply
          .type(type)
          .header('cache-control', 'no-store')
          .header('content-disposition', `attachment; filename="securekey-audit-${resourceId}.${format}"`)
          .send(ReadableStream.from(textOf(batches, lines, head)))
      }),
    )
  }
  file('csv', 'text/csv; charset=utf-8', csvLines, CSV_HEADER)
  file('jsonl', 'application/jsonl; charset=utf-8', jsonLines)
}

async function* textOf(
  batches: AsyncIterable<AuditEvent[]>,
  lines: (events: AuditEvent[]) => string,
  head: string,
): AsyncGenerator<Uint8Array> {
  if (head !== '') yield Buffer.from(head)
  for await (const batch of batches) yield Buffer.from(lines(batch))
}

function cursorOf({ resourceId, request }: Visit): { resourceId: string; olderThan?: string } {
  const { before } = request.query as { before?: unknown }
  return typeof before === 'string' && /^[0-9]{1,18}$/.test(before)
    ? { resourceId, olderThan: before }
    : { resourceId }
}
