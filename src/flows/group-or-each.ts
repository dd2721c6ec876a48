/**
 * Runs `work` on a whole group. Where Postgres refuses the group for what stands in a row, it is run on each item alone, so
 * that one bad row stops nobody else; its error is returned in its place. Where Postgres has ended the group because it
 * and somebody else waited for each other, it is run once more. Any other error is thrown.
 */
export async function groupOrEach<T, R>(
  group: readonly T[],
  work: (items: readonly T[]) => Promise<readonly R[]>,
): Promise<(R | Error)[]> {
  try {
    return [...(await work(group).catch((error) => onceMore(error, () => work(group))))]
  } catch (error) {
    if (group.length < 2 || !isRefusedForData(error)) throw error
    const results: (R | Error)[] = []
    for (const item of group) {
      try {
        results.push(...(await work([item])))
      } catch (itemError) {
        results.push(itemError instanceof Error ? itemError : new Error(String(itemError)))
      }
    }
    return results
  }
}

const DEADLOCK_DETECTED = '40P01'

function onceMore<T>(error: unknown, work: () => Promise<T>): Promise<T> {
  if (codeOf(error) !== DEADLOCK_DETECTED) throw error
  return work()
}

/** SQLSTATE classes 22 (data exception) and 23 (integrity constraint violation), Postgres manual, appendix A. */
function isRefusedForData(error: unknown): boolean {
  return /^2[23]/.test(codeOf(error))
}

/** The SQLSTATE of an error of Postgres. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
