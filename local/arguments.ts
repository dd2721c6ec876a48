/** What `npm start` was asked for; `problem` is a sentence about an argument that means nothing. */
export type Request = { mode: 'run' | 'once' | 'help' } | { problem: string }

export const HELP = `npm start                 the whole add-on on this machine, beside a simulated Heroku, until Ctrl-C
npm start -- --once       the life of one add-on, checked step by step; exits 0 when every promise held, else 1
npm start -- --help       this text

Plain npm start keeps its data in .local/ and continues with it the next time; remove that folder to start over.
With --once everything happens in a temporary folder and on free ports, so both may run at the same time.
`

/** Reads the words behind `npm start --`. */
export function parseArguments(words: readonly string[]): Request {
  const known: Readonly<Record<string, 'once' | 'help'>> = {
    '--once': 'once',
    '--help': 'help',
    '-h': 'help',
  }
  const unknown = words.find((word) => known[word] === undefined)
  if (unknown !== undefined) return { problem: `npm start does not know "${unknown}".` }
  const modes = words.map((word) => known[word])
  if (modes.includes('help')) return { mode: 'help' }
  return { mode: modes.includes('once') ? 'once' : 'run' }
}
