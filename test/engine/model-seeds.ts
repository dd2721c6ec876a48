/** Runs of the model test that once failed, each with what it found. They are tried before any new ones. */
export const FAILED_ONCE: readonly { seed: number; found: string }[] = []
