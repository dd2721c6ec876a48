/** Of one call with all its tries and pages. */
export const CALL_LIMIT_MS = 5_000

/**
 * Does a call to AWS and ends it after a while, whatever it is at: the SDK minds the signal while it waits for an answer,
 * but sleeps between two tries as long as the other side says.
 */
export async function within<T>(limitMs: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(limitMs)
  const over = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  return await Promise.race([work(signal), over])
}
