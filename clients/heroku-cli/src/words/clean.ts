const MOST_CHARACTERS = 300

/**
 * A text from outside as one line that is safe to print: without control characters, by which it could move the cursor or
 * colour what follows, and cut where it is too long.
 */
export function cleanText(text: string, most = MOST_CHARACTERS): string {
  const line = text
    .slice(0, 4 * most)
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
  return line.length > most ? `${line.slice(0, most - 1)}…` : line
}
