/** The real clock, for the program. Whoever builds a simulator in a test hands it one of their own. */
export const systemNow = (): Date => new Date()
