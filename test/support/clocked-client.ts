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

/**
 * Connections that tell their session what time it is, before each statement that would see another, and that refuse a
 * statement while one is under way: `pg` queues it, with a warning, and version 9 does not any more.
 */
export function clientOfClock(now: () => Date): typeof PreparingClient {
  return class ClockedClient extends PreparingClient {
    #told: number | undefined
    #underWay: string | undefined

    // biome-ignore lint/suspicious/noExplicitAny: it stands for all eight signatures of pg's own.
    override query(...args: any[]): any {
      const [text] = args
      if (typeof text !== 'string') return super.query(...args)
      if (this.#underWay !== undefined) {
        throw new Error(`two statements at once on one connection: ${this.#underWay} and ${text}`)
      }
      this.#underWay = text
      return this.#ask(text, args).finally(() => {
        this.#underWay = undefined
      })
    }

    async #ask(text: string, args: unknown[]): Promise<unknown> {
      const ms = now().getTime()
      // What was told in a transaction is forgotten with it.
      if (text.startsWith('rollback')) this.#told = undefined
      else if (ms !== this.#told) {
        await super.query(`set securekey.test_now = '${ms}'`)
        this.#told = ms
      }
      return await super.query(...args)
    }
  }
}
