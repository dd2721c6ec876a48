/** A refusal of EC2, by its code (EC2 API Reference, "Error codes"). */
export class Ec2Error extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status = STATUSES[code] ?? 400) {
    super(message)
    this.name = 'Ec2Error'
    this.code = code
    this.status = status
  }
}

/** Every other code comes with 400. */
const STATUSES: Readonly<Record<string, number>> = {
  AuthFailure: 401,
  MissingAuthenticationToken: 403,
  SignatureDoesNotMatch: 403,
  UnauthorizedOperation: 403,
  InternalError: 500,
  InternalFailure: 500,
  RequestLimitExceeded: 503,
  Unavailable: 503,
  ServiceUnavailable: 503,
}

export function noService(id: string): Ec2Error {
  return new Ec2Error(
    'InvalidVpcEndpointServiceId.NotFound',
    `The VpcEndpointService Id '${id}' does not exist`,
  )
}

export function noEndpoint(id: string): Ec2Error {
  return new Ec2Error('InvalidVpcEndpointId.NotFound', `The Vpc Endpoint Id '${id}' does not exist`)
}

export function invalidValue(what: string, value: string): Ec2Error {
  return new Ec2Error('InvalidParameterValue', `Value (${value}) for parameter ${what} is invalid.`)
}
