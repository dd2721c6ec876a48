/** One event on its way to one webhook. `body` is kept as sent: the HMAC is over these bytes. */
export type Delivery = {
  id: string
  webhookId: string
  addonId: string
  event: { id: string; include: string; action: string }
  url: string
  body: string
  status: 'pending' | 'retrying' | 'failed' | 'succeeded'
  attempts: number
  nextAttemptAt: string | null
  lastCode: number | null
  createdAt: string
}
