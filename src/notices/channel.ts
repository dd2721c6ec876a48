import type { Delivery } from '../domain/notices/delivery.ts'
import type { Notice, NoticeTarget } from '../domain/notices/notice.ts'

/**
 * A way to tell notices. `deliver` sends the list to one target, in its order, and returns how many of it have arrived: none
 * behind one that has not. It ends with `signal`, holds no transaction open and logs nothing of what it sends. The same
 * notices may come again, with the same ids, where a process died before it could write down that they have arrived.
 */
export type Channel = {
  deliver: (target: NoticeTarget, notices: readonly Notice[], signal: AbortSignal) => Promise<Delivery>
}
