/**
 * Runs `work` on a whole group. Where Postgres refuses the group for what stands in a row, runs it on each item alone,
 * so that one bad row stops nobody else; its error is the answer in its place. Any other error is thrown.
 */
export async function groupOrEach<T, R>(
  group: readonly T[],
  work: (items: readonly T[]) => Promise<readonly R[]>,
): Promise<(R | Error)[]> {
  try {
    return [...(await work(group))]
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

/** SQLSTATE classes 22 (data exception) and 23 (integrity constraint violation), Postgres manual, appendix A. */
function isRefusedForData(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^2[23]/.test(String(error.code))
}
