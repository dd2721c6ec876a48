import { createHash } from 'node:crypto'

/** The KEK of every bench, in the form of `SEALING_KEYS`. */
export const BENCH_SEALING_KEYS = 'bench:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='

/** Of the plan of every resource, `fortnightly`. */
export const PERIOD_MS = 14 * 86_400_000

/** The id of the resource of that number: as scattered as Heroku's are, and the same in SQL (`md5(n::text)::uuid`). */
export function resourceIdOf(number: number): string {
  const hex = createHash('md5').update(String(number)).digest('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** The bearer token that the stand-in for Heroku asks of calls for this resource. */
export function accessTokenOf(resourceId: string): string {
  return `HRKU-${resourceId}`
}
