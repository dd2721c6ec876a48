import cliProgress from 'cli-progress'

/** What a long piece of work is given: it tells each thing that it has done, and ends soon after `signal` aborts. */
export type LongWork = { signal: AbortSignal; did: (count?: number) => void }

const LINE_EVERY_MS = 60_000
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/**
 * Runs work that may take long and shows how far it is on stderr: a bar on a terminal, a line a minute elsewhere. The
 * first Ctrl-C lets it finish what it is at, a second one ends the process. `total` is what there is to do at the start.
 */
export async function runLong<T>(
  { what, total }: { what: string; total: number },
  work: (given: LongWork) => Promise<T>,
): Promise<T> {
  const stopping = new AbortController()
  const stop = () => stopping.abort()
  // Removed when it has come once, so that the second one does what it does to any process.
  for (const signal of SIGNALS) process.once(signal, stop)
  const bar = new cliProgress.SingleBar({
    stream: process.stderr,
    format: `${what} {bar} {percentage}%  {value} of {total}  {eta_formatted} left`,
    barCompleteChar: '#',
    barIncompleteChar: '.',
    noTTYOutput: true,
    notTTYSchedule: LINE_EVERY_MS,
    hideCursor: true,
  })
  if (total > 0) bar.start(total, 0)
  try {
    return await work({ signal: stopping.signal, did: (count = 1) => bar.increment(count) })
  } finally {
    bar.stop()
    for (const signal of SIGNALS) process.off(signal, stop)
  }
}

/** What is said at the end of work that was stopped, or that left something. */
export function leftToDo(left: number, { signal }: Pick<LongWork, 'signal'>): string {
  if (left === 0) return 'Nothing is left.'
  return signal.aborted ? `Stopped: ${left} are left. Type it again to go on.` : `${left} are left.`
}
