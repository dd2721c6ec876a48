import type { ConnectionState } from '../domain/aws-endpoint.ts'
import type { PublishedEndpoints } from '../domain/endpoint-vars.ts'
import type { LinkAccountStatus, LinkStatus } from '../domain/private-link.ts'
import { bigint, integer, json, moment, orNull, text, uuid, withDefault } from './columns.ts'

/** The tables of private links. */
export const PRIVATE_LINK_TABLES = {
  private_links: {
    resource_id: uuid,
    wanted: withDefault(text<'present' | 'absent'>()),
    status: withDefault(text<LinkStatus>()),
    failure: orNull(text()),
    region: text(),
    nlb_arn: text(),
    client_token: text(),
    create_sent_at: orNull(moment),
    service_id: orNull(text()),
    service_name: orNull(text()),
    gone_since: orNull(moment),
    asked_at: moment,
    looked_at: orNull(moment),
    published: withDefault(json<PublishedEndpoints>()),
    attempts: withDefault(integer),
    last_failure: orNull(text()),
    wake_at: orNull(moment),
    claimed_until: orNull(moment),
    fence: withDefault(bigint),
  },
  private_link_accounts: {
    resource_id: uuid,
    arn: text(),
    status: text<LinkAccountStatus>(),
    since: moment,
  },
  private_link_connections: {
    resource_id: uuid,
    endpoint_id: text(),
    account: text(),
    state: text<ConnectionState>(),
    dns_name: orNull(text()),
  },
}
