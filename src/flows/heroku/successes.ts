import type { Operation, Trouble } from '../../domain/trouble.ts'

type Success = { resourceId: string; at: Date }

/** Remembers the last success of each operation, and the last of another resource than that one's. No I/O. */
export function createSuccesses() {
  const last = new Map<Operation, Success[]>()
  return {
    note(operation: Operation, resourceId: string, at: Date): void {
      const others = (last.get(operation) ?? []).filter((each) => each.resourceId !== resourceId)
      last.set(operation, [{ resourceId, at }, ...others.slice(0, 1)])
    },
    /** What is known of successes, with what this process has seen of other resources than the one that fails. */
    added(known: Trouble['succeededAt'], failing: string): Trouble['succeededAt'] {
      const newer = (operation: Operation) => {
        const seen = last.get(operation)?.find(({ resourceId }) => resourceId !== failing)
        const before = known[operation]
        return seen && (before === null || seen.at > before) ? seen.at : before
      }
      return { token: newer('token'), read: newer('read'), write: newer('write') }
    },
  }
}
