import pg from 'pg'

const PREPARED = /^\/\* prepared: ([a-z_-]+) \*\//

/** Every value as the text that Postgres sends. */
const AS_TEXT = { getTypeParser: () => (text: string) => text }

/** Emitted by a connection that leads nowhere any more: see `pool.ts`. */
export const SUSPECT = 'suspect'

/** "Read-only SQL transaction": what a standby answers to a write. */
export const READ_ONLY = '25006'
/** The words of `pg` for `query_timeout`; it has no code for it. */
const NO_ANSWER = 'Query read timeout'

/**
 * A connection on which a statement that begins with `/* prepared: its-name *\/` is parsed and planned once, and from
 * then on only executed (Postgres manual, PREPARE). Its rows come as arrays of texts: see `group-statement.ts`, which
 * writes that comment and reads them.
 */
export class PreparingClient extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: it stands for all eight signatures of pg's own.
  override query(...args: any[]): any {
    const [text, values, ...rest] = args
    const name = typeof text === 'string' ? PREPARED.exec(text)?.[1] : undefined
    const config = { name, text, values, rowMode: 'array', types: AS_TEXT }
    const asked = name === undefined ? args : [config, ...rest]
    const answer: unknown = super.query(...(asked as [string]))
    if (answer instanceof Promise) answer.catch((error: unknown) => this.#judge(error))
    return answer
  }

  #judge(error: unknown): void {
    if (!(error instanceof Error)) return
    const silent = error.message === NO_ANSWER
    if (!silent && !('code' in error && error.code === READ_ONLY)) return
    this.emit(SUSPECT)
    // Its query is never over, and would hold up whatever comes after it.
    if (silent) (this as unknown as { connection: pg.Connection }).connection.stream.destroy()
  }
}
