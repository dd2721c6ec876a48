/** One call from Heroku to the service, as `view.serviceCalls()` shows it. `status` is 0 when no answer came. */
export type ServiceCall = {
  at: string
  method: string
  url: string
  body: string | null
  status: number
  answer: string
  failure: string | null
}
