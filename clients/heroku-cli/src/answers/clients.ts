import { fieldsOf, listIn, momentOrNullIn, textIn } from './fields.ts'

/** A client that is enrolled for the hand-over, and when the service sounded an alarm about it. */
export type Client = { id: string; name: string; alarmAt: Date | null }

export function readClients(answer: unknown): Client[] {
  return listIn(fieldsOf(answer), 'clients', (item) => {
    const fields = fieldsOf(item)
    return {
      id: textIn(fields, 'id'),
      name: textIn(fields, 'name'),
      alarmAt: momentOrNullIn(fields, 'alarm_at'),
    }
  })
}
