import type { Cause } from '../../domain/trouble.ts'
import type { FailureJudge } from '../../heroku/call.ts'

/**
 * What this process knows of troubles that no resource is to blame for; all processes share it by the database. A process
 * that knows of none writes nothing: it looks at one small table every few seconds while it calls.
 */
export type Troubles = FailureJudge & {
  /** What is proved at the moment, as the database has it. */
  verdicts: () => Promise<Verdict[]>
  /** Whether calls of all resources are held back at the moment. */
  isHoldingBack: () => boolean | Promise<boolean>
  /** What to ask of a resource that is not due, while that may help. Handed out once for all processes. */
  takeQuestion: () => Promise<Question | undefined>
  /**
   * Told that Heroku does not know a resource. True: it has said so of several and answered for none in between, which says
   * more of Heroku than of them.
   */
  missingTogether: (resourceId: string) => boolean
  /** Lets the calls of a resource through for half a minute. */
  letThrough: (resourceId: string) => void
}

export type Verdict = { owner: 'account' | 'host'; cause: Cause; since: Date }

/** `except`: resources that have failed already. */
export type Question = { operation: 'token' | 'read'; except: string[] }
