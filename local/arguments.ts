import type { PartnerApi } from './settings.ts'

/** What `npm start` was asked for; `problem` is a sentence about an argument that means nothing. */
export type Request =
  | { mode: 'run' | 'once' | 'help'; withLibrary: boolean; partnerApi: PartnerApi; isPrivate: boolean }
  | { problem: string }

export const HELP = `npm start                 the whole add-on on this machine, beside a simulated Heroku, until Ctrl-C
npm start -- --once       the life of one add-on, checked step by step; exits 0 when every promise held, else 1
npm start -- --without-library
                          the same, but the example app splits SECURE_KEY by hand, and logs people out
npm start -- --v1         over the legacy partner API; also with --once
npm start -- --private    the life of an add-on in a private space beside a simulated AWS: its customer's own key is taken away
                          and given back, and PrivateLink comes and goes; until Ctrl-C, or to its end with --once
npm start -- --help       this text

Plain npm start keeps its data in .local/ and continues with it the next time; remove that folder to start over. What runs
over the legacy API has data of its own there.
With --once or --private everything happens in a temporary folder and on free ports, so both may run at the same time.
`

const WITHOUT_LIBRARY = '--without-library'
const LEGACY = '--v1'
const PRIVATE = '--private'

/** Reads the words behind `npm start --`. */
export function parseArguments(words: readonly string[]): Request {
  const known: Readonly<Record<string, 'once' | 'help' | 'run'>> = {
    '--once': 'once',
    '--help': 'help',
    '-h': 'help',
    [WITHOUT_LIBRARY]: 'run',
    [LEGACY]: 'run',
    [PRIVATE]: 'run',
  }
  const unknown = words.find((word) => known[word] === undefined)
  if (unknown !== undefined) return { problem: `npm start does not know "${unknown}".` }
  const modes = words.map((word) => known[word])
  const withLibrary = !words.includes(WITHOUT_LIBRARY)
  const isPrivate = words.includes(PRIVATE)
  const asked = { withLibrary, partnerApi: words.includes(LEGACY) ? 'v1' : 'v3', isPrivate } as const
  if (modes.includes('help')) return { mode: 'help', ...asked }
  const other = words.find((word) => word === WITHOUT_LIBRARY || word === LEGACY)
  if (isPrivate && other !== undefined) {
    return { problem: `${PRIVATE} tells one story, which has no room for ${other}.` }
  }
  if (!modes.includes('once')) return { mode: 'run', ...asked }
  if (withLibrary) return { mode: 'once', ...asked }
  return { problem: `--once checks that nobody is logged out, so ${WITHOUT_LIBRARY} is not for it.` }
}
