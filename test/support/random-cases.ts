import { SEED } from './fixed-cases.ts'

/** So many runs, unless FC_RUNS asks for others, and the same cases each time: FC_SEED draws others. */
export function randomCases(runs: number): { numRuns: number; seed: number } {
  return { numRuns: Number(process.env.FC_RUNS ?? runs), seed: SEED }
}
