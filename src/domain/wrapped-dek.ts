/** A resource's data key, wrapped by the key of `SEALING_KEYS` that is named. */
export type WrappedDek = { kekId: string; wrapped: Buffer }
