import { stripVTControlCharacters } from 'node:util'

/** What failed in a check, by name, and what was said of it. */
export type Failure = { name: string; text: string }

const MOST_FAILURES = 40
const MOST_LINES = 8
const LONGEST_LINE = 200

/**
 * The lines that tell what failed, for the end of a log that may be cut: the name of each, and the first lines of what was
 * said. Each begins with `failed: `, by which .ci/run finds them.
 */
export function failureLines(failures: readonly Failure[]): string[] {
  const lines = failures.slice(0, MOST_FAILURES).flatMap(({ name, text }) => {
    const said = cleanLines(text).map((line) => `  ${line}`)
    return [...cleanLines(name).slice(0, 1), ...said.slice(0, MOST_LINES)]
  })
  const more = failures.length - MOST_FAILURES
  if (more > 0) lines.push(`and ${more} more`)
  return lines.map((line) => `failed: ${line}`)
}

/** Without colours and empty lines, none of them without an end. */
function cleanLines(text: string): string[] {
  return stripVTControlCharacters(text)
    .split(/\r?\n/)
    .map((line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)} ...` : line.trimEnd()))
    .filter((line) => line !== '')
}
