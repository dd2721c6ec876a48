import type { OwnKeyState } from './own-key-watch.ts'

/**
 * A resource's data key, wrapped by the key of `SEALING_KEYS` that is named, or by a customer's own key that is named by its
 * ARN. Of that one stands beside it what was known of it when the row was read.
 */
export type WrappedDek = { kekId: string; wrapped: Buffer; ownKey?: OwnKeyState; notices?: NoticeDek }

/**
 * Beside a data key that a customer's own key has wrapped: a second one, which a key of `SEALING_KEYS` wraps. It seals what
 * leads to people (webhooks, mail addresses, the address of the log), so that they are told while the own key is away.
 */
export type NoticeDek = { kekId: string; wrapped: Buffer }

/** The columns that hold wrapped data keys. The name is bound into what is wrapped, so neither opens in the other's place. */
export type DekColumn = 'wrapped_dek' | 'notice_dek'

/** Whether what is sealed under one opens under the other: no data key was renewed between the two looks. */
export function isSameDek(one: WrappedDek, other: WrappedDek | null): boolean {
  if (!other?.wrapped.equals(one.wrapped)) return false
  if (!one.notices || !other.notices) return one.notices === other.notices
  return one.notices.wrapped.equals(other.notices.wrapped)
}
