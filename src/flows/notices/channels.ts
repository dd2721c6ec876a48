import type { NoticeChannel } from '../../domain/notices/notice.ts'
import type { Channel } from '../../notices/channel.ts'
import type { Deps } from '../deps.ts'
import { createLogChannel } from './log-channel.ts'
import { createMailChannel } from './mail/mail-channel.ts'
import { createWebhookChannel } from './webhooks/webhook-channel.ts'

/** The ways to tell notices. One that is missing is off here: what it is to tell waits, and is given up in the end. */
export type Channels = Readonly<Partial<Record<NoticeChannel, Channel>>>

/** All ways to tell notices that this service has. */
export function createChannels(deps: Deps): Channels {
  return {
    log: createLogChannel(deps),
    webhook: createWebhookChannel(deps),
    mail: createMailChannel(deps),
  }
}
