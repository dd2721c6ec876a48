import pg from 'pg'

const PREPARED = /^\s*\/\* prepared: ([a-z-]+) \*\//

/**
 * A connection on which a statement that begins with `/* prepared: its-name *\/` is parsed and planned once, and from
 * then on only executed (Postgres manual, PREPARE). That is worth it where a statement is long, writes a row or two
 * and is on somebody's way; the text under a name must always be the same.
 */
export class PreparingClient extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: it stands for all eight signatures of pg's own.
  override query(...given: any[]): any {
    const [text, values, ...rest] = given
    const name = typeof text === 'string' ? PREPARED.exec(text)?.[1] : undefined
    const args = name ? [{ name, text, values }, ...rest] : given
    return super.query(...(args as [string]))
  }
}
