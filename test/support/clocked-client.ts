import { PreparingClient } from '../../src/store/preparing-client.ts'

/**
 * What stands in the place of `service_now()` in databases of tests: what the session was told, or the real time of a
 * session that was told nothing.
 */
export const TOLD_NOW = `
  create or replace function service_now() returns timestamptz language sql volatile as $$
    select coalesce(
      to_timestamp(nullif(current_setting('securekey.test_now', true), '')::float8 / 1000),
      date_trunc('milliseconds', clock_timestamp())
    )
  $$`

/** Connections that tell their session what time it is, before each statement that would see another. */
export function clientOfClock(now: () => Date): typeof PreparingClient {
  return class ClockedClient extends PreparingClient {
    #told: number | undefined
    // biome-ignore lint/suspicious/noExplicitAny: it stands for all eight signatures of pg's own.
    override query(...args: any[]): any {
      const ms = now().getTime()
      if (typeof args[0] === 'string' && ms !== this.#told) {
        this.#told = ms
        // In a transaction that has failed nothing can be told, and nothing is asked.
        super.query(`set securekey.test_now = '${ms}'`, () => {})
      }
      // What was told in a transaction is forgotten with it.
      if (typeof args[0] === 'string' && args[0].startsWith('rollback')) this.#told = undefined
      return super.query(...args)
    }
  }
}
