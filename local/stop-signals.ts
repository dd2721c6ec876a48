/** Why a local stack stops. */
export class StopRequest extends Error {
  readonly exitCode: number

  constructor(why: string, exitCode: number) {
    super(why)
    this.name = 'StopRequest'
    this.exitCode = exitCode
  }
}

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
/** Ctrl-C reaches us twice, from the terminal and handed on by npm; that is one wish. */
const SAME_WISH_MS = 1_000
const PARENT_LOOK_MS = 1_000

/**
 * A signal that is aborted with a `StopRequest` by Ctrl-C, SIGTERM, the terminal's closing or, under npm, the end of
 * npm; and with the error itself by a crash in this process. Whoever asks again exits at once: all that was started
 * then ends by itself.
 */
export function listenForStop(): AbortSignal {
  const stop = new AbortController()
  let askedAtMs = 0

  function ask(reason: Error): void {
    if (!stop.signal.aborted) {
      askedAtMs = performance.now()
      stop.abort(reason)
    } else if (performance.now() - askedAtMs > SAME_WISH_MS) {
      process.exit(1)
    }
  }

  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => ask(new StopRequest(name, EXIT_CODES[name])))
  }
  process.on('uncaughtException', ask)
  // Nobody reads any more (`npm start | head`).
  process.stdout.on('error', () => ask(new StopRequest('standard output is closed', EXIT_CODES.SIGHUP)))
  watchParent(() => ask(new StopRequest('npm is gone', EXIT_CODES.SIGHUP)))
  return stop.signal
}

/** A shell between npm and us may die without handing on its signal. Elsewhere a lost parent means nothing (nohup). */
function watchParent(gone: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    gone()
  }, PARENT_LOOK_MS)
  timer.unref()
}
