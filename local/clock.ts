/** The real clock of this machine. What is tested with another one is given it. */
export const systemNow = (): Date => new Date()
