import pg from 'pg'

const PREPARED = /^\/\* prepared: ([a-z_-]+) \*\//

/** Every value as the text that Postgres sends. */
const AS_TEXT = { getTypeParser: () => (text: string) => text }

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
    if (name === undefined) return super.query(...(args as [string]))
    const config = { name, text, values, rowMode: 'array', types: AS_TEXT }
    return super.query(...([config, ...rest] as unknown as [string]))
  }
}
