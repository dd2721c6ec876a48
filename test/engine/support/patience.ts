/** For what comes at once, unless the machine is busy with something else. */
export const PATIENCE = { interval: 5, timeout: 30_000 }
