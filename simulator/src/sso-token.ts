import { createHash } from 'node:crypto'

/** `sha1(id:salt:timestamp)`: the v3 `resource_token` with the uuid, the v1 `token` with the provider's id. */
export function resourceToken(id: string, salt: string, timestamp: string): string {
  return createHash('sha1').update(`${id}:${salt}:${timestamp}`).digest('hex')
}

/** `sha256(resource_id:salt:timestamp:user_id:email)`, the only one that also vouches for the user. */
export function userScopedToken(
  id: string,
  salt: string,
  timestamp: string,
  userId: string,
  email: string,
): string {
  return createHash('sha256').update(`${id}:${salt}:${timestamp}:${userId}:${email}`).digest('hex')
}
