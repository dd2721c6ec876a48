import type { AppProcess, AppRelease } from './app-process.ts'
import type { Balancer } from './balancer.ts'

/** What happens to a process of the formation: `down` with what there is to say of it, and whether it stays so. */
export type ProcessNews = { name: string; version: number } & (
  | { what: 'up' }
  | { what: 'down'; why: string; staysDown: boolean }
)

export type FormationOptions = {
  names: readonly string[]
  /** Starts a process and returns when it listens; throws when it does not come up. */
  start: (name: string, release: AppRelease, signal: AbortSignal) => Promise<AppProcess>
  balancer: Pick<Balancer, 'add' | 'remove'>
  /** While it lasts, the next process still runs the former release beside one that is up on the new one. */
  gap: (signal: AbortSignal) => Promise<void>
  /** Before a process that did not come up is started again. */
  retryDelay: (signal: AbortSignal) => Promise<void>
  tell: (news: ProcessNews) => void
}

/** The processes of one app. A release restarts them one after the other, so that one always answers. */
export type Formation = {
  /** Brings every process to this release; a later release is taken up as soon as a restart under way is done. */
  deploy: (release: AppRelease) => void
  /** Stops every process, as if there were no such app; a later release starts them again. */
  retire: () => Promise<void>
  /** Settles when every process runs the newest release, or waits for another one; it never rejects. */
  settled: () => Promise<void>
  /** Which process runs which release, in the order of their names. */
  running: () => { name: string; version: number }[]
  close: () => Promise<void>
}

/** A process that does not run with a release is started so often, and then stays down until the next release. */
const MOST_STARTS = 3

export function createFormation({
  names,
  start,
  balancer,
  gap,
  retryDelay,
  tell,
}: FormationOptions): Formation {
  const running = new Map<string, AppProcess>()
  /** How often each was started with the wanted release. */
  const starts = new Map<string, number>()
  const closing = new AbortController()
  let wanted: AppRelease | undefined
  let working: Promise<void> | undefined

  function mayStart(name: string): boolean {
    return (starts.get(name) ?? 0) < MOST_STARTS
  }

  function nextBehind(release: AppRelease): string | undefined {
    return names.find((name) => running.get(name)?.version !== release.version && mayStart(name))
  }

  async function work(): Promise<void> {
    while (!closing.signal.aborted) {
      const release = wanted
      const name = release && nextBehind(release)
      if (!release || name === undefined) return
      await restart(name, release)
    }
  }

  async function restart(name: string, release: AppRelease): Promise<void> {
    const former = running.get(name)
    if (former && [...running.values()].some(({ version }) => version === release.version)) {
      await gap(closing.signal)
      if (wanted !== release) return
    }
    if (former) await end(former)
    if (closing.signal.aborted) return
    starts.set(name, (starts.get(name) ?? 0) + 1)
    try {
      const process = await start(name, release, closing.signal)
      running.set(name, process)
      balancer.add(process)
      tell({ name, version: release.version, what: 'up' })
      void process.ended.then((how) => lose(process, release, `${name} ${how}`))
    } catch (error) {
      if (closing.signal.aborted) return
      tellDown(name, release, error instanceof Error ? error.message : String(error))
      await retryDelay(closing.signal)
    }
  }

  /** Takes it out of the balancer first: what it has under way, it still answers. */
  async function end(process: AppProcess): Promise<void> {
    forget(process)
    await process.stop()
  }

  function lose(process: AppProcess, release: AppRelease, why: string): void {
    if (running.get(process.name) !== process) return
    forget(process)
    tellDown(process.name, release, why)
    begin()
  }

  function tellDown(name: string, release: AppRelease, why: string): void {
    tell({ name, version: release.version, what: 'down', why, staysDown: !mayStart(name) })
  }

  function forget(process: AppProcess): void {
    if (running.get(process.name) === process) running.delete(process.name)
    balancer.remove(process)
  }

  function begin(): void {
    working ??= work().finally(() => {
      working = undefined
      // It came to its end just before this release did.
      if (wanted && nextBehind(wanted) !== undefined && !closing.signal.aborted) begin()
    })
  }

  return {
    deploy: (release) => {
      if (release.version !== wanted?.version) starts.clear()
      wanted = release
      begin()
    },
    retire: async () => {
      wanted = undefined
      while (working) await working
      // An app of that name is there again: its release replaces what runs.
      if (wanted) return
      await Promise.all([...running.values()].map(end))
    },
    settled: async () => {
      while (working) await working
    },
    running: () =>
      names.flatMap((name) => {
        const process = running.get(name)
        return process ? [{ name, version: process.version }] : []
      }),
    close: async () => {
      closing.abort()
      await working
      await Promise.all([...running.values()].map(end))
    },
  }
}
