import { describe, expect, test } from 'vitest'
import { userScopedToken } from '../../simulator/src/sso-token.ts'
import { checkSignOn, type SignOnFields } from '../../src/domain/sso.ts'

const SALT = '2f97bfa52ca102f8874716e2eb1d3b4920ad0be4'
const ID = '01234567-89ab-cdef-0123-456789abcdef'
const TIMESTAMP = '1267597772'
const AT = new Date(1_267_597_772_000)
const USER = { id: '33500732-3b64-436f-9710-64cc569c3e4f', email: 'username@example.com' }
const SCOPED = 'ee7659f69f3768cb6a302efd524686569fd7055352d286bc8643e54c4fab4442'
const RESOURCE = '7659cc00fc08ff8b7bb76cd8c9762bcf528b4173'

const NEWEST: SignOnFields = {
  resource_id: ID,
  timestamp: TIMESTAMP,
  user_id: USER.id,
  email: USER.email,
  user_scoped_resource_token: SCOPED,
  resource_token: RESOURCE,
  id: ID,
  token: RESOURCE,
}
const V3 = { resource_id: ID, timestamp: TIMESTAMP, resource_token: RESOURCE }
const V1 = { id: ID, timestamp: TIMESTAMP, token: RESOURCE, email: 'a@b.example', 'nav-data': 'x', app: 'y' }

describe('the published vectors hold', () => {
  test.each([
    ['123', SALT, TIMESTAMP, 'bb466eb1d6bc345d11072c3cd25c311f21be130d'],
    ['123', 'salty', '567', '8bcafa70e186a8f9b85a1c93f3b6b0507748ec7a'],
    ['1', 'SSO_SALT', '1262304000', 'b6010f6fbb850887a396c2bc0ab23974003008f6'],
    [ID, SALT, TIMESTAMP, RESOURCE],
  ])('resource token of %s', (id, salt, timestamp, token) => {
    const fields = { resource_id: id, timestamp, resource_token: token }
    expect(checkSignOn(fields, salt, new Date(Number(timestamp) * 1_000))).toHaveProperty('signOn')
  })

  test('user-scoped token', () => {
    const user = { user_id: USER.id, email: USER.email }
    const scoped = { resource_id: ID, timestamp: TIMESTAMP, ...user, user_scoped_resource_token: SCOPED }
    expect(checkSignOn(scoped, SALT, AT)).toHaveProperty('signOn')
  })
})

describe('a right form', () => {
  test('with the user-scoped token vouches for the user', () => {
    expect(checkSignOn(NEWEST, SALT, AT)).toMatchObject({ signOn: { resourceId: ID, user: USER } })
  })

  test.each([
    ['resource token', V3],
    ['v1 pair', V1],
  ])('with the %s alone vouches for nobody', (_name, fields) => {
    expect(checkSignOn(fields, SALT, AT)).toMatchObject({ signOn: { resourceId: ID, user: null } })
  })

  test('is good up to five minutes back and one minute ahead, to the second', () => {
    expect(checkSignOn(NEWEST, SALT, later(300))).toHaveProperty('signOn')
    expect(checkSignOn(NEWEST, SALT, later(301))).toEqual({ problem: 'too-old' })
    expect(checkSignOn(NEWEST, SALT, later(-60))).toHaveProperty('signOn')
    expect(checkSignOn(NEWEST, SALT, later(-61))).toEqual({ problem: 'too-early' })
  })

  test('uses the weaker tokens of the same form up with the one that was checked', () => {
    const newest = checkSignOn(NEWEST, SALT, AT)
    const weaker = checkSignOn(V1, SALT, AT)
    if ('problem' in newest || 'problem' in weaker) throw new Error('both are right')
    expect(newest.signOn.weakerDigests).toEqual([weaker.signOn.digest])
  })
})

describe('a form is refused', () => {
  test.each<[string, SignOnFields, string]>([
    [
      'with a tampered token',
      { ...NEWEST, user_scoped_resource_token: SCOPED.replace('e', 'f') },
      'wrong-token',
    ],
    ['with an empty token', { ...NEWEST, user_scoped_resource_token: '' }, 'wrong-token'],
    ['with a token in capitals', { ...V3, resource_token: RESOURCE.toUpperCase() }, 'wrong-token'],
    ['with a token that was sent twice', { ...V3, resource_token: [RESOURCE, RESOURCE] }, 'wrong-token'],
    ['with another user', { ...NEWEST, user_id: 'somebody-else' }, 'wrong-token'],
    ['with another e-mail address', { ...NEWEST, email: 'eve@example.com' }, 'wrong-token'],
    ['with another resource', { ...NEWEST, resource_id: ID.replace('0', '1') }, 'wrong-token'],
    ['with another timestamp', { ...NEWEST, timestamp: '1267597773' }, 'wrong-token'],
    ['without any token', { resource_id: ID, id: ID, timestamp: TIMESTAMP }, 'wrong-token'],
    ['without a timestamp', { ...NEWEST, timestamp: undefined }, 'no-timestamp'],
    ['with a timestamp that is not all digits', { ...NEWEST, timestamp: '1267597772.0' }, 'no-timestamp'],
    ['with a timestamp in hexadecimal', { ...NEWEST, timestamp: '0x4b8e' }, 'no-timestamp'],
    ['with a negative timestamp', { ...NEWEST, timestamp: '-1' }, 'no-timestamp'],
    ['without a resource', { ...NEWEST, resource_id: undefined }, 'no-resource'],
    ['with the v1 id in place of the resource', { ...V3, resource_id: undefined, id: ID }, 'no-resource'],
    ['with nothing in it', {}, 'no-resource'],
  ])('%s', (_name, fields, problem) => {
    expect(checkSignOn(fields, SALT, AT)).toEqual({ problem })
  })

  test('signed with another salt', () => {
    expect(checkSignOn(NEWEST, 'pepper', AT)).toEqual({ problem: 'wrong-token' })
  })

  test('whose colons would make the same text of other fields', () => {
    const [first = '', ...rest] = USER.email.split('@')
    const moved = { ...NEWEST, user_id: `${USER.id}:${first}`, email: `@${rest.join('@')}` }
    const shifted = { ...NEWEST, user_id: 'a:b', email: 'c' }
    const token = userScopedToken(ID, SALT, TIMESTAMP, 'a', 'b:c')
    expect(checkSignOn(moved, SALT, AT)).toEqual({ problem: 'wrong-token' })
    expect(checkSignOn({ ...shifted, user_scoped_resource_token: token }, SALT, AT)).toEqual({
      problem: 'wrong-token',
    })
  })

  test('when the newest token is wrong, although the older ones are right', () => {
    expect(checkSignOn({ ...NEWEST, user_scoped_resource_token: RESOURCE }, SALT, AT)).toEqual({
      problem: 'wrong-token',
    })
  })
})

function later(seconds: number): Date {
  return new Date(AT.getTime() + seconds * 1_000)
}
