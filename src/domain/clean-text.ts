/** The longest of the texts that are kept of people and of Heroku: a name, a reason, an e-mail address. */
export const LONGEST_TEXT = 320

/** Terminal escape sequences as a whole: ESC [ … letter, ESC ] … BEL, and ESC with one more character (ECMA-48). */
const ESCAPE_SEQUENCES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that it is about.
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -~]?/g
const BLANKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g
/** Controls, and marks that turn the direction of what stands around them or cannot be seen. */
const UNSEEN =
  /[\p{Cc}\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]/gu

/**
 * A text from outside as one harmless line: no control characters, terminal sequences or marks that turn the direction of
 * the text, no half characters, and at most `longest` characters. Every text of people and of Heroku goes through
 * here before it is kept, shown, logged or printed.
 */
export function cleanText(text: string, longest: number = LONGEST_TEXT): string {
  // What is far too long is cut first, so that nobody pays for cleaning it.
  const line = text
    .slice(0, longest * 4)
    .replace(ESCAPE_SEQUENCES, '')
    .replace(BLANKS, ' ')
    .replace(UNSEEN, '')
    .toWellFormed()
    .trim()
  const characters = [...line]
  return characters.length <= longest
    ? line
    : `${characters
        .slice(0, longest - 1)
        .join('')
        .trimEnd()}…`
}

/** The same for several lines of ours that quote texts: the line breaks stay. */
export function cleanLines(text: string): string {
  return text
    .split('\n')
    .map((line) => /^ */.exec(line)?.[0] + cleanText(line, LONGEST_LINE))
    .join('\n')
}

const LONGEST_LINE = 1_000

/** An IPv4 or IPv6 address as it was told; null for anything else. */
export function cleanAddress(address: unknown): string | null {
  if (typeof address !== 'string' || address.length > LONGEST_ADDRESS) return null
  return /^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-f]*:[0-9a-f:]*(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3})?)$/i.test(
    address,
  )
    ? address
    : null
}

const LONGEST_ADDRESS = 45
