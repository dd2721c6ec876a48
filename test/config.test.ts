import { describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from '../src/config.ts'
import { nlbArn } from './support/fake-ec2.ts'
import { NLB } from './support/private-links.ts'

/** 32 bytes, all different, that begin with this one. */
const bytesFrom = (first: number) => Buffer.from(Array.from({ length: 32 }, (_, i) => (first + 37 * i) % 256))
const KEY = bytesFrom(7).toString('base64')
const OTHER = bytesFrom(8).toString('base64')

const REQUIRED = {
  DATABASE_URL: 'postgres://user:password@db/keys',
  ADDON_PASSWORD: 'q7Zt3vKx9mBw2LdR5nHy',
  ADDON_SSO_SALT: '9f3c1a7e5b2d8046e1c7a9b3d5f20684',
  ADDON_URL: 'https://securekey.example.com/',
  SEALING_KEYS: `k1:${KEY}`,
}

/** The problems with these settings, one line each. */
function problemsOf(env: Record<string, string | undefined>): string[] {
  try {
    readConfig({ ...REQUIRED, ...env })
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message.split('\n').slice(1)
  }
}

test('with the required settings alone everything else has its documented default', () => {
  expect(readConfig(REQUIRED)).toMatchObject({
    host: '0.0.0.0',
    port: 5_000,
    privateLinkPort: undefined,
    addonUrl: 'https://securekey.example.com',
    partnerApi: 'v3',
    herokuApiUrl: 'https://api.heroku.com',
    herokuIdUrl: 'https://id.heroku.com',
    plans: [
      { name: 'daily', periodMs: 86_400_000 },
      { name: 'weekly', periodMs: 7 * 86_400_000 },
      { name: 'fortnightly', periodMs: 14 * 86_400_000 },
      { name: 'monthly', periodMs: 28 * 86_400_000 },
      { name: 'private-fortnightly', periodMs: 14 * 86_400_000, space: 'private' },
      { name: 'shield-fortnightly', periodMs: 14 * 86_400_000, space: 'shield' },
    ],
    defaultGrace: { until: 'next-rotation' },
    graceFloorMs: 7_200_000,
    spreadMs: 3_600_000,
    rotationCron: '*/10 * * * * *',
    rotationConcurrency: 50,
    herokuMaxRps: 20,
    logLevel: 'info',
  })
})

test.each([
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['off', 0],
  ['0', 0],
])('restarts of one app may be %s apart', (text, ms) => {
  expect(readConfig({ ...REQUIRED, SPREAD_RESTARTS: text }).spreadMs).toBe(ms)
})

test.each(['25h', 'on', '-1h', '1', 'forever'])('restarts of one app may not be %s apart', (text) => {
  const problem = '  - SPREAD_RESTARTS must be a duration of a day at most, such as 1h, or off'
  expect(problemsOf({ SPREAD_RESTARTS: text })).toEqual([problem])
})

test.each(Object.keys(REQUIRED))('%s is required, also when it is blank', (name) => {
  expect(problemsOf({ [name]: undefined })).toEqual([`  - ${name} is required`])
  expect(problemsOf({ [name]: '  ' })).toEqual([`  - ${name} is required`])
})

test('all problems are told at once', () => {
  expect(problemsOf({ PORT: 'x', ADDON_PASSWORD: '', LOG_LEVEL: 'loud' })).toHaveLength(3)
})

describe('an address that secrets travel to', () => {
  test.each([
    'https://api.example.com',
    'https://api.example.com:8443/base',
    'http://localhost:5000',
    'http://127.0.0.1:5000',
    'http://127.9.8.7',
    'http://[::1]:5000',
  ])('may be %s', (url) => {
    for (const name of ['ADDON_URL', 'HEROKU_API_URL', 'HEROKU_ID_URL']) {
      expect(problemsOf({ [name]: url })).toEqual([])
    }
  })

  test.each([
    'http://api.example.com',
    'http://localhost.example.com',
    'http://127.0.0.1.example.com',
    'http://10.0.0.1',
    'http://0.0.0.0',
    'http://2130706433.example.com',
    'http://localhost@example.com',
    'ftp://localhost',
    'localhost:5000',
    '//api.example.com',
  ])('may not be %s', (url) => {
    for (const name of ['ADDON_URL', 'HEROKU_API_URL', 'HEROKU_ID_URL']) {
      expect(problemsOf({ [name]: url })).toEqual([
        `  - ${name} must be an https URL (http only for a loopback address)`,
      ])
    }
  })
})

describe('SEALING_KEYS', () => {
  test('lists the KEKs in their order, the primary first', () => {
    const { sealingKeys } = readConfig({ ...REQUIRED, SEALING_KEYS: `new:${OTHER}, old.1:${KEY}` })
    expect(sealingKeys.map(({ id, bytes }) => [id, bytes[0], bytes.length])).toEqual([
      ['new', 8, 32],
      ['old.1', 7, 32],
    ])
  })

  test('takes base64url too', () => {
    const bytes = bytesFrom(0xfb)
    const { sealingKeys } = readConfig({ ...REQUIRED, SEALING_KEYS: `k1:${bytes.toString('base64url')}` })
    expect(Buffer.from(sealingKeys[0]?.bytes ?? []).equals(bytes)).toBe(true)
  })

  test.each([
    ['a key without an id', KEY],
    ['a key with an empty id', `:${KEY}`],
    ['a key of 31 bytes', `k1:${Buffer.alloc(31).toString('base64')}`],
    ['a key of 33 bytes', `k1:${Buffer.alloc(33).toString('base64')}`],
    ['an id without a key', 'k1:'],
    ['a trailing comma', `k1:${KEY},`],
    ['hex in place of base64', `k1:${'ab'.repeat(32)}`],
    ['the same id twice', `k1:${KEY},k1:${OTHER}`],
  ])('is refused with %s, and not quoted', (_what, value) => {
    const problems = problemsOf({ SEALING_KEYS: value })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(/^ {2}- SEALING_KEYS (must be a list|names an id twice)/)
    expect(problems[0]).not.toContain(value.slice(3) || '\u0000')
  })
})

test.each([
  ['PORT', ['-1', '65536', '80.5', '0x50', '1e3']],
  ['PRIVATELINK_PORT', ['0', '65536', 'on', '5000']],
  ['ROTATION_CONCURRENCY', ['0', '1001', 'many']],
  ['HEROKU_MAX_RPS', ['0', '-1', '0.5', 'Infinity']],
  ['ROTATION_CRON', ['often', '* * * *', '61 * * * * *']],
  ['LOG_LEVEL', ['loud', 'INFO', '30']],
  ['GRACE_FLOOR', ['0h', 'period', '2']],
  ['GRACE_PERIOD', ['1h', '119m', 'never', 'true']],
  ['PLAN_PERIODS', ['daily', 'daily=1d,daily=2d', 'daily=0d', 'p=1d:', 'p=1d:space', 'p=1d:private:shield']],
  ['AWS_ENDPOINT_URL', ['http://kms.example.com', 'kms', 'https://user@kms.example.com']],
  ['AWS_ACCOUNT_ID', ['1234', 'mine', '1111-2222-3333']],
  ['KMS_CANARY_KEY', ['mine', 'alias/mine', 'arn:aws:kms:us-east-1:111111111111:alias/mine']],
  ['KMS_REGIONS', ['virginia', 'us-east-1,', 'us-east-1.evil.example', '127.0.0.1']],
  [
    'PRIVATELINK_NLBS',
    [
      'us-east-1',
      'virginia=arn',
      `us-east-1=${NLB.replace('net/', 'app/')}`,
      `eu-west-1=${NLB}`,
      `us-east-1=${NLB};us-east-1=${NLB}`,
      `us-east-1=${NLB},`,
    ],
  ],
  ['PRIVATELINK_DNS_NAME', ['https://keys.example.com', 'keys', '*.example.com', 'keys.example.com:443']],
  ['DATABASE_URL', ['mysql://db/keys', 'db', 'http://db']],
])('%s is refused when it makes no sense', (name, values) => {
  for (const value of values) {
    const problems = problemsOf({ [name]: value })
    expect(problems, value).toHaveLength(1)
    expect(problems[0]).toContain(`- ${name} `)
  }
})

test('private links are for a service that has access to AWS and load balancers', () => {
  const aws = { AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: 'x' }
  const second = NLB.replaceAll('us-east-1', 'eu-west-1')
  expect(readConfig({ ...REQUIRED, ...aws }).privateLink).toBeUndefined()
  const read = readConfig({
    ...REQUIRED,
    ...aws,
    PRIVATELINK_NLBS: ` us-east-1=${NLB}, ${nlbArn('second')} ; eu-west-1=${second};`,
    PRIVATELINK_DNS_NAME: 'Keys.example.com',
  }).privateLink
  expect([...(read?.nlbs.keys() ?? [])]).toEqual(['us-east-1', 'eu-west-1'])
  expect(read?.nlbs.get('us-east-1')).toHaveLength(2)
  expect(read?.dnsName).toBe('keys.example.com')
  expect(problemsOf({ PRIVATELINK_NLBS: `us-east-1=${NLB}` })).toEqual([
    '  - PRIVATELINK_NLBS needs access to AWS: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  ])
})

test('AWS is for a service that has both halves of its credentials, and none that has neither', () => {
  const aws = {
    AWS_ACCESS_KEY_ID: 'AKIA1',
    AWS_SECRET_ACCESS_KEY: 'x',
    KMS_REGIONS: ' us-east-1, eu-west-1 ',
  }
  expect(readConfig({ ...REQUIRED, AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' }).kms).toBeUndefined()
  expect(readConfig({ ...REQUIRED, ...aws }).kms).toEqual({
    accessKeyId: 'AKIA1',
    secretAccessKey: 'x',
    sessionToken: undefined,
    endpointUrl: undefined,
    accountId: undefined,
    regions: ['us-east-1', 'eu-west-1'],
    canary: undefined,
  })
  const halves = ['  - AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set together']
  expect(problemsOf({ ...aws, AWS_ACCESS_KEY_ID: undefined })).toEqual(halves)
  expect(problemsOf({ ...aws, AWS_SECRET_ACCESS_KEY: ' ' })).toEqual(halves)
})

test('a grace period below a wrong floor is not blamed on the grace period', () => {
  expect(problemsOf({ GRACE_FLOOR: 'x', GRACE_PERIOD: '1s' })).toEqual([
    '  - GRACE_FLOOR must be a duration such as 30s, 2h or 14d',
  ])
})

test('without a client secret the service starts, since Heroku tells it only when the service is there', () => {
  expect(readConfig(REQUIRED).addonClientSecret).toBeUndefined()
})

describe('however it is spelt', () => {
  test.each([
    'HTTPS://securekey.example.com',
    'Https://SecureKey.example.com/',
    'https:securekey.example.com',
    'https://securekey.example.com:443',
    'ht\ttps://securekey.example.com',
  ])('an https address is one: %s', (url) => {
    expect(readConfig({ ...REQUIRED, ADDON_URL: url }).addonUrl).toBe('https://securekey.example.com')
    expect(problemsOf({ ADDON_URL: url, ADDON_PASSWORD: 'x' })).toHaveLength(1)
  })
})

describe('an address is refused', () => {
  test.each([
    'https://api.heroku.com@evil.example',
    'https://user:secret@api.example.com',
    'https://api.example.com?to=evil.example',
    'https://api.example.com/?',
    'https://api.example.com/#here',
  ])('that hides another: %s', (url) => {
    for (const name of ['ADDON_URL', 'HEROKU_API_URL', 'HEROKU_ID_URL']) {
      expect(problemsOf({ [name]: url })).toEqual([
        `  - ${name} must be an address alone, without a user, a query or a fragment`,
      ])
    }
  })
})

describe('a service that is reached by https', () => {
  test.each([
    ['one letter', 'x', 'is too short'],
    ['fifteen characters', '9f3c1a7e5b2d804', 'is too short'],
    ['one letter many times', 'aaaaaaaaaaaaaaaaaaaaaaaa', 'repeats a few characters'],
    ['the salt of Heroku’s article', '2f97bfa52ca102f8874716e2eb1d3b4920ad0be4', 'is a demo secret'],
    ['the password of the local stack', 'demo-password-demo', 'is a demo secret'],
    ['a salt that says what it is', 'my-sso-salt-for-us', 'is a demo secret'],
    ['the name of the product', 'SecureKey-2026-q7Zt', 'is a demo secret'],
    ['the name of the platform', 'heroku-addons-q7Zt', 'is a demo secret'],
    ['the alphabet', 'abcdefghijklmnopqrstuvwxyz', 'counts up or down'],
    ['digits in their order', '98765432109876543210', 'counts up or down'],
  ])('has no weak secret: %s', (_what, value, problem) => {
    for (const name of ['ADDON_PASSWORD', 'ADDON_SSO_SALT', 'ADDON_CLIENT_SECRET']) {
      const problems = problemsOf({ [name]: value })
      expect(problems).toHaveLength(1)
      expect(problems[0]).toContain(`${name} ${problem}`)
      expect(problems[0]).not.toContain(value)
    }
  })

  test.each([
    ['zeros', Buffer.alloc(32)],
    ['one byte many times', Buffer.alloc(32, 0xa7)],
    ['the key of docker-compose.yml', Buffer.from('securekey demo key: do not use!!!').subarray(0, 32)],
    ['letters', Buffer.from('kzqwmxncbvalskdjfhgpqowieurytz71')],
    ['digits', Buffer.from('0123456789abcdef0123456789abcdef')],
    ['the bytes from 0 to 31', Buffer.from(Array.from({ length: 32 }, (_, i) => i))],
    ['the bytes from 255 down', Buffer.from(Array.from({ length: 32 }, (_, i) => 255 - i))],
  ])('has no sealing key of %s', (_what, bytes) => {
    const problems = problemsOf({ SEALING_KEYS: `k1:${KEY},k2:${bytes.toString('base64')}` })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(
      /SEALING_KEYS key k2 (repeats a few bytes|is a readable text|counts up or down)/,
    )
  })

  test('has no two secrets that are the same', () => {
    expect(problemsOf({ ADDON_SSO_SALT: REQUIRED.ADDON_PASSWORD })).toEqual([
      '  - ADDON_SSO_SALT is the same as another secret',
    ])
    expect(problemsOf({ ADDON_SSO_SALT: OTHER, SEALING_KEYS: `k1:${KEY},k2:${OTHER}` })).toEqual([
      '  - ADDON_SSO_SALT is the same as another secret',
    ])
    expect(problemsOf({ SEALING_KEYS: `k1:${KEY},k2:${KEY}` })).toEqual([
      '  - SEALING_KEYS lists a key twice',
    ])
  })

  test('is told all that is weak at once', () => {
    const weak = {
      ADDON_PASSWORD: 'x',
      ADDON_SSO_SALT: 'x',
      SEALING_KEYS: `k1:${Buffer.alloc(32).toString('base64')}`,
    }
    expect(problemsOf(weak)).toHaveLength(4)
  })

  test('may have demo secrets on a loopback address, where nobody else comes', () => {
    const demo = { ADDON_PASSWORD: 'demo', ADDON_SSO_SALT: 'demo', ADDON_URL: 'http://127.0.0.1:5000' }
    expect(problemsOf(demo)).toEqual([])
  })
})

describe('the mail server', () => {
  const MAIL_FROM = 'securekey <notices@example.com>'
  const mailBy = (SMTP_URL: string, from = MAIL_FROM) =>
    readConfig({ ...REQUIRED, SMTP_URL, MAIL_FROM: from }).mail

  test('is off unless it is set, and needs both of its settings', () => {
    expect(readConfig(REQUIRED).mail).toBeUndefined()
    expect(problemsOf({ MAIL_FROM })).toEqual([
      '  - MAIL_FROM is set alone: mail needs SMTP_URL and MAIL_FROM',
    ])
    expect(problemsOf({ SMTP_URL: 'smtp://mail.example.com' })).toEqual([
      '  - SMTP_URL is set alone: mail needs SMTP_URL and MAIL_FROM',
    ])
  })

  test('is spoken to by TLS, from the first byte or by STARTTLS, except on a loopback address', () => {
    const none = { user: undefined, password: undefined }
    const host = 'mail.example.com'
    expect(mailBy(`smtps://${host}`)?.server).toEqual({
      host,
      port: 465,
      secure: true,
      requireTls: false,
      ...none,
    })
    expect(mailBy(`smtp://${host}:2525`)?.server).toEqual({
      host,
      port: 2525,
      secure: false,
      requireTls: true,
      ...none,
    })
    for (const near of ['localhost', '127.0.0.1', '[::1]']) {
      expect(mailBy(`smtp://${near}:25`)?.server).toMatchObject({ secure: false, requireTls: false })
    }
    expect(mailBy('smtp://127.0.0.1.example.com')?.server.requireTls).toBe(true)
  })

  test('takes a user and a password with any characters, encoded', () => {
    const { server, from } = mailBy('smtps://api%40key:p%3Aa%25ss%2F@mail.example.com') ?? {}
    expect(server).toMatchObject({ user: 'api@key', password: 'p:a%ss/' })
    expect(from).toEqual({ name: 'securekey', address: 'notices@example.com' })
    expect(mailBy('smtp://mail.example.com', 'notices@bücher.example')?.from.address).toBe(
      'notices@xn--bcher-kva.example',
    )
  })

  test.each([
    'mail.example.com',
    'https://mail.example.com',
    'smtp://',
    'smtp://user:not-to-be-quoted@mail.example.com?tls.rejectUnauthorized=false',
    'smtp://user:not-to-be-quoted@mail.example.com#x',
    'smtp://user:not-to-be-quoted@mail.example.com/x',
    'smtp://user:not-to-be-quoted%zz@mail.example.com',
    'smtp://not-to-be-quoted@mail.example.com',
    'smtp://:not-to-be-quoted@mail.example.com',
  ])('is refused, and not quoted: %s', (SMTP_URL) => {
    const problems = problemsOf({ SMTP_URL, MAIL_FROM })
    expect(problems).toEqual([expect.stringMatching(/^ {2}- SMTP_URL /)])
    expect(problems.join()).not.toContain('not-to-be-quoted')
  })

  test.each([
    'x',
    'a@b.example, c@d.example',
    'x <y>',
    'name\u0000 <a@b.example>',
    '<a@b.example> x',
    `${'n'.repeat(101)} <a@b.example>`,
  ])('sends from one address, and not from %j', (from) => {
    expect(problemsOf({ SMTP_URL: 'smtp://mail.example.com', MAIL_FROM: from })).toEqual([
      expect.stringMatching(/^ {2}- MAIL_FROM must be an address/),
    ])
  })
})
