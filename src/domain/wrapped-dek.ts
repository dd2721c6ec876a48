import type { OwnKeyState } from './own-key-watch.ts'

/**
 * A resource's data key, wrapped by the key of `SEALING_KEYS` that is named, or by a customer's own key that is named by its
 * ARN. Of that one stands beside it what was known of it when the row was read.
 */
export type WrappedDek = { kekId: string; wrapped: Buffer; ownKey?: OwnKeyState }
