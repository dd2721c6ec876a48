import fc from 'fast-check'

/** Where each run of a test that draws its cases begins; FC_SEED begins elsewhere. */
export const SEED = Number(process.env.FC_SEED ?? 20_260_303)

// What draws cases without saying how draws the same ones in each run.
fc.configureGlobal({ seed: SEED })
