import { type Static, Type } from 'typebox'
import type { PrivateLinkView } from '../../flows/private-link/link-view.ts'
import { TextOrNull } from '../api/schemas.ts'

/** A private link with the fields and words of Heroku's own, as its plugin reads them. Both lists are always there. */
export const PrivateLinkObject = Type.Object(
  {
    addon: Type.Object({ name: TextOrNull }),
    app: Type.Object({ name: TextOrNull }),
    service_name: Type.Union([Type.String(), Type.Null()], {
      description: 'For the endpoints that you make: `com.amazonaws.vpce.…`. Null while it is provisioned.',
    }),
    status: Type.String({ description: '`Provisioning`, `Operational`, `Deprovisioning` or `Failed`.' }),
    allowed_accounts: Type.Array(
      Type.Object({
        arn: Type.String(),
        status: Type.String({ description: '`Adding`, `Active` or `Removing`.' }),
      }),
      { description: 'Who may make endpoints.' },
    ),
    connections: Type.Array(
      Type.Object({
        endpoint_id: Type.String(),
        owner_arn: Type.String({ description: 'The account: AWS does not tell the user or role.' }),
        status: Type.String({ description: 'In AWS’s words: `Available`. There may be others.' }),
        config_var: Type.Union([Type.String(), Type.Null()], {
          description: 'The config var of the apps that holds its address, once Heroku has it.',
        }),
      }),
    ),
  },
  { $id: 'PrivateLink' },
)

/** A private link as both APIs tell it. */
export function linkObject(view: PrivateLinkView): Static<typeof PrivateLinkObject> {
  const { addon, app, serviceName, status, accounts, connections } = view
  return {
    addon: { name: addon },
    app: { name: app },
    service_name: serviceName,
    status,
    allowed_accounts: accounts.map(({ arn, status: stands }) => ({ arn, status: stands })),
    connections: connections.map(({ endpointId, ownerArn, status: stands, configVar }) => ({
      endpoint_id: endpointId,
      owner_arn: ownerArn,
      status: stands,
      config_var: configVar,
    })),
  }
}

/** What is told of a link that is gone. */
export function goneObject(): Static<typeof PrivateLinkObject> {
  return {
    addon: { name: null },
    app: { name: null },
    service_name: null,
    status: 'Deprovisioning',
    allowed_accounts: [],
    connections: [],
  }
}
