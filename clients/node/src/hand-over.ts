// The door of `securekey/hand-over`.
export { type Asked, type HandOver, handOver } from './hand-over/hand-over.ts'
export type { HandOverOptions, StoredKeys } from './hand-over/options.ts'
