import type { HistoryRow } from '../history.ts'

/** What is told of access that was not usual: its history row has the sentence and the facts. */
export function unusualAccess({ details = {} }: HistoryRow, name: string) {
  const { why, because = null, who = null, from = null, before = null, count = null } = details
  return {
    kind: 'unusual-access',
    text: `Unusual access to ${name}: ${String(why ?? '')}`,
    facts: { because, who, from, before, count },
  } as const
}
