import { parseArgs } from 'node:util'

const USAGE = `Usage: npm run rotations -- <command>

  list [--stuck] [--because KIND]
                                 unfinished rotations, the oldest due date first, and how many there are by cause
  show <id or name>              a resource's dates, keys by fingerprint, and last rotations
  verify <id or name> <digest>   what a key is, by its SHA-256 in hex or its fingerprint
  retry <id or name>             resume a stuck rotation
  retry --all [--because KIND]   resume all stuck rotations, or those whose last failure was of that kind
  freeze --from DATE --to DATE --reason TEXT [--zone ZONE]
                                 no schedule restarts an app in these days, of no add-on: dates, of which the last is
                                 frozen too, or with times (2026-12-20T18:00); the zone is UTC if left out
  freezes                        the freezes for all that are not over
  unfreeze <id>                  end one of them; what waited for it goes on
  orphans                        add-ons that Heroku has not known for two days, or never gave us tokens for
  remove <id or name> <word>     erase an orphan for good; without the word it says which one
  revoke <id or name>            a key leaked: replace all keys of the resource at once,
                                 and end its dashboard sessions
  revoke --all --made-before <moment>
                                 the same of every add-on that has a key made before
  adopt <id or name> | --all     take over the foreign pair that Heroku holds, of one add-on or of all that have one
  replace <id or name> | --all   put a fresh key and a filler in the place of a foreign pair; with an id or a name
                                 whatever is there, like a revoke
  now <id or name> [--even-if-too-soon]
                                 rotate now; refused while apps may still sign with the key that would be
                                 displaced, or were seen to, unless told otherwise
`

const COMMANDS = [
  ...['list', 'show', 'verify', 'retry', 'revoke', 'orphans', 'remove', 'adopt', 'replace', 'now'],
  ...['freeze', 'freezes', 'unfreeze'],
]

/**
 * What was typed behind `npm run rotations`. What makes no sense, or would do more than was meant, prints the usage and
 * exits.
 */
export function readArguments() {
  try {
    const parsed = parseArgs({
      allowPositionals: true,
      options: {
        stuck: { type: 'boolean' },
        all: { type: 'boolean' },
        because: { type: 'string' },
        'made-before': { type: 'string' },
        'even-if-too-soon': { type: 'boolean' },
        from: { type: 'string' },
        to: { type: 'string' },
        zone: { type: 'string' },
        reason: { type: 'string' },
      },
    })
    const [name, ...subjects] = parsed.positionals
    const { all, because } = parsed.values
    // A name beside `--all`, or a filter that the command does not know, would do it to more than was meant.
    const isMore = (all && subjects.length > 0) || (because !== undefined && !isFilter(because, name, all))
    if (name && COMMANDS.includes(name) && !isMore) return parsed
  } catch {
    // An unknown flag; the usage says which there are.
  }
  process.stderr.write(USAGE)
  process.exit(1)
}

/** Whether a command filters by that cause. What is adopted or replaced is always foreign. */
function isFilter(because: string, command: string | undefined, all: boolean | undefined): boolean {
  if (command === 'list' || (command === 'retry' && all)) return true
  return (command === 'adopt' || command === 'replace') && because === 'foreign'
}
