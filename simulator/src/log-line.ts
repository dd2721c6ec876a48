/** One line that the service wrote to an app's log. */
export type LogLine = {
  at: string
  addon: string
  addonId: string
  app: string
  priority: number
  time: string
  host: string
  source: string
  process: string
  messageId: string
  text: string
}
