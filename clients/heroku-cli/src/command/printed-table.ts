import { table } from '@heroku/heroku-cli-util/hux'

/** Prints rows under these headers. In a narrow terminal cells go on in the next line, so nothing is cut off. */
export function printTable<Row extends Readonly<Record<string, string>>>(
  rows: readonly Row[],
  headers: Readonly<Record<keyof Row & string, string>>,
): void {
  const columns = Object.fromEntries(
    Object.entries<string>(headers).map(([key, header]) => [key, { header }]),
  )
  table([...rows], columns, { overflow: 'wrap' })
}
