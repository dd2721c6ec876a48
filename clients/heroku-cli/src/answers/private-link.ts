import { fieldsOf, listIn, textIn, textOrNullIn } from './fields.ts'

/** The PrivateLink endpoint of an add-on, as `GET /v1/privatelink` tells it. */
export type PrivateLink = {
  /** Null while it is made. */
  serviceName: string | null
  status: string
  accounts: AllowedAccount[]
  connections: Connection[]
}

export type AllowedAccount = { arn: string; status: string }

/** A VPC endpoint of a customer. `configVar` names the config var of the app that leads there, if there is one. */
export type Connection = { endpointId: string; ownerArn: string; status: string; configVar: string | null }

export function readPrivateLink(answer: unknown): PrivateLink {
  const fields = fieldsOf(answer)
  return {
    serviceName: textOrNullIn(fields, 'service_name'),
    status: textIn(fields, 'status'),
    accounts: listIn(fields, 'allowed_accounts', readAccount),
    connections: listIn(fields, 'connections', readConnection),
  }
}

function readAccount(item: unknown): AllowedAccount {
  const fields = fieldsOf(item)
  return { arn: textIn(fields, 'arn'), status: textIn(fields, 'status') }
}

function readConnection(item: unknown): Connection {
  const fields = fieldsOf(item)
  return {
    endpointId: textIn(fields, 'endpoint_id'),
    ownerArn: textIn(fields, 'owner_arn'),
    status: textIn(fields, 'status'),
    configVar: textOrNullIn(fields, 'config_var'),
  }
}
