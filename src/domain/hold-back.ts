import type { Keyset } from './keyset.ts'
import type { HeldBack, Step } from './rotation.ts'

/** So long after the first look an old key goes, whatever apps still sign with. */
const CEILING_MS = 24 * 3_600_000

const LOOK_AGAIN_MS = 300_000
const LOOK_AGAIN_AT_THE_LATEST_MS = 3_600_000

type Held = { keyset: Keyset; heldBack: HeldBack | null }

/**
 * Until when a step may wait for apps that sign with the key which it takes out. Undefined: it takes none from anybody, its
 * time is up, or a person does not want it to wait.
 */
export function mayWaitUntil({ keyset, heldBack }: Held, step: Step, now: Date): Date | undefined {
  if (step.step !== 'create' && step.step !== 'create-filler') return undefined
  // Nobody signs with a filler. And once one is made, it was asked for this key before.
  if (keyset.second.filler || keyset.pendingFiller !== null) return undefined
  if (step.step === 'create' && step.reason === 'revoke') return undefined
  const until = heldBack?.until ?? new Date(now.getTime() + CEILING_MS)
  return until > now ? until : undefined
}

/**
 * Whether a step listens to what processes say of themselves. Their word holds back what a schedule takes out; what a
 * person presses for waits for no program.
 */
export function hearsProcesses(step: Step): boolean {
  return !(step.step === 'create' && step.reason === 'manual')
}

/**
 * The step is held back for these apps: `lagging` ones run a release with the old key, of `heard` ones a process says so.
 * Undefined: for none. They are looked at again after five minutes, and ever more rarely, since calls are scarce.
 */
export function heldBackFor(
  { heldBack }: Pick<Held, 'heldBack'>,
  { lagging, heard, until }: { lagging: readonly string[]; heard: readonly string[]; until: Date },
  now: Date,
): HeldBack | undefined {
  const apps = [...new Set([...lagging, ...heard])]
  if (apps.length === 0) return undefined
  const since = heldBack?.since ?? now
  const waitedMs = now.getTime() - since.getTime()
  const inMs = Math.min(Math.max(LOOK_AGAIN_MS, waitedMs / 2), LOOK_AGAIN_AT_THE_LATEST_MS)
  const lookAt = new Date(Math.min(now.getTime() + inMs, until.getTime()))
  return { since, until, lookAt, apps, saidOnly: lagging.length === 0 }
}
