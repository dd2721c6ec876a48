/** How a call ended: the status sent, or what a fault did to the answer. */
export type CallStatus = number | 'pending' | 'cut' | 'hung' | 'lost' | 'delayed'

/** One call that the simulator received from the service. Tokens and codes are never kept here. */
export type ApiCall = {
  seq: number
  at: string
  method: string
  path: string
  status: CallStatus
  addonId: string | null
  addon: string | null
  grantType: string | null
  /** The values that a config PATCH sent, or a PUT of the legacy API. */
  config: Record<string, string | null> | null
  /** Whether a write took effect; with a delayed one it turns true when that is released. */
  applied: boolean
  requestId: string
  userAgent: string | null
  fault: string | null
}
