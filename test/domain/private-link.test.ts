import { describe, expect, test } from 'vitest'
import type { ConnectionFacts, ConnectionState, EndpointFailure } from '../../src/domain/aws-endpoint.ts'
import { changesOf, endpointVarName, varsAtHeroku } from '../../src/domain/endpoint-vars.ts'
import { linkRegion, pickNlb } from '../../src/domain/private-link.ts'
import { readAccounts } from '../../src/domain/private-link-accounts.ts'
import {
  judgeConnections,
  type LookFacts,
  lookAgainMs,
  statusAfter,
} from '../../src/domain/private-link-look.ts'

const NOW = new Date('2026-03-03T12:00:00Z')
const ago = (ms: number) => new Date(NOW.getTime() - ms)
const MINUTE = 60_000

describe('accounts', () => {
  test('go in as people write them and come out as full ARNs, each once', () => {
    const given = [
      '123456789101',
      ' 123456789101:root',
      'arn:aws:iam::123456789101:root',
      '123456789101:user/abc.xyz',
      'arn:aws:iam::123456789101:user/abc.xyz',
      '123456789101:role/of+an=app,@x_-',
    ]
    expect(readAccounts(given, 'aws')).toEqual({
      arns: [
        'arn:aws:iam::123456789101:root',
        'arn:aws:iam::123456789101:user/abc.xyz',
        'arn:aws:iam::123456789101:role/of+an=app,@x_-',
      ],
    })
    expect(readAccounts(['123456789101'], 'aws-us-gov')).toEqual({
      arns: ['arn:aws-us-gov:iam::123456789101:root'],
    })
  })

  test.each([
    ['*', 'everybody'],
    ['arn:aws:iam::123456789101:*', 'everybody'],
    ['123456789101:role/*', 'everybody'],
    ['123456789101:role/path/name', 'a path'],
    ['arn:aws:iam::123456789101:user/path/name', 'a path'],
    ['12345678910', 'no AWS account'],
    ['1234567891011', 'no AWS account'],
    ['1234-5678-9101', 'no AWS account'],
    ['123456789101:group/x', 'no AWS account'],
    ['123456789101:user/', 'no AWS account'],
    [`123456789101:user/${'x'.repeat(65)}`, 'no AWS account'],
    ['arn:aws:sts::123456789101:assumed-role/x/y', 'no AWS account'],
    ['arn:aws-cn:iam::123456789101:root', 'not of the part of AWS'],
    ['123456789101\n', ''],
    ['', 'no AWS account'],
  ])('%j is refused by its name, or taken for what it is', (entry, words) => {
    const read = readAccounts(['222222222222', entry], 'aws')
    if (words === '') return expect(read).toHaveProperty('arns')
    expect(read).toEqual({ problem: expect.stringContaining(words) })
    expect(read).toEqual({ problem: expect.stringContaining(`“${entry.slice(0, 30)}`) })
  })

  test('are a list of 1 to 50 texts', () => {
    for (const given of [undefined, null, 'x', {}, [], [1], [null], [['123456789101']]]) {
      expect(readAccounts(given, 'aws'), JSON.stringify(given)).toHaveProperty('problem')
    }
    const many = Array.from({ length: 51 }, (_, number) => String(100_000_000_000 + number))
    expect(readAccounts(many, 'aws')).toEqual({ problem: 'Name 50 AWS accounts at the most.' })
    expect(readAccounts(many.slice(1), 'aws')).toHaveProperty('arns.length', 50)
  })
})

test('a link is made in the region of its add-on, and in us-east-1 where that says nothing of AWS', () => {
  expect(linkRegion('amazon-web-services::eu-west-1')).toBe('eu-west-1')
  expect(linkRegion(null)).toBe('us-east-1')
  expect(linkRegion('dublin')).toBe('us-east-1')
})

test('a new link takes the load balancer that serves the fewest, the first of these', () => {
  expect(
    pickNlb(
      ['a', 'b', 'c'],
      new Map([
        ['a', 2],
        ['b', 1],
        ['c', 1],
      ]),
    ),
  ).toBe('b')
  expect(pickNlb(['a', 'b'], new Map())).toBe('a')
  expect(pickNlb([], new Map())).toBeUndefined()
})

describe('config vars of endpoints', () => {
  test('are named after the last 17 characters of the id, also where that has eight digits', () => {
    expect(endpointVarName('SECURE', 'vpce-01c87ae3c05563935')).toBe('SECURE_ENDPOINT_01C87AE3C05563935_URL')
    expect(endpointVarName('SECURE', 'vpce-1a2b3c4d')).toBe('SECURE_ENDPOINT_1A2B3C4D_URL')
  })

  test('stand under names of their own, or all in one as JSON whose text depends on nothing else', () => {
    const vars = { B_URL: 'https://b/v1', A_URL: 'https://a/v1' }
    expect(varsAtHeroku({ how: 'each', vars }, 'SECURE')).toEqual(vars)
    expect(varsAtHeroku({ how: 'together', vars }, 'SECURE')).toEqual({
      SECURE_ENDPOINTS: '{"A_URL":"https://a/v1","B_URL":"https://b/v1"}',
    })
    expect(varsAtHeroku({ how: 'together', vars: {} }, 'SECURE')).toEqual({})
  })

  test('are sent only where they differ', () => {
    expect(changesOf({ A: '1', B: '2', C: '3' }, { A: '1', B: '4', D: '5' })).toEqual({
      B: '4',
      C: null,
      D: '5',
    })
    expect(changesOf({ A: '1' }, { A: '1' })).toEqual({})
  })
})

describe('endpoints', () => {
  const endpoint = (
    endpointId: string,
    state: ConnectionState,
    ownerAccount = '111111111111',
  ): ConnectionFacts => ({
    endpointId,
    ownerAccount,
    state,
    dnsName: null,
  })
  const facts = { allowed: new Set(['111111111111']), known: [], accountsChanged: false }

  test('of an allowed account are let in, and open ones of anybody else are ended', () => {
    const states: ConnectionState[] = ['pendingacceptance', 'pending', 'available', 'partial', 'unknown']
    const closed: ConnectionState[] = ['rejected', 'failed', 'expired', 'deleting', 'deleted']
    const mine = [...states, ...closed].map((state) => endpoint(`mine-${state}`, state))
    const others = [...states, ...closed].map((state) => endpoint(`other-${state}`, state, '333333333333'))
    expect(judgeConnections([...mine, ...others], facts)).toEqual({
      accept: ['mine-pendingacceptance'],
      reject: states.map((state) => `other-${state}`),
    })
  })

  test('that somebody has rejected by hand are let in again once', () => {
    const shown = [endpoint('vpce-1', 'rejected')]
    const known = (state: ConnectionState) => [{ endpointId: 'vpce-1', state }]
    expect(judgeConnections(shown, { ...facts, known: known('available') }).accept).toEqual(['vpce-1'])
    expect(judgeConnections(shown, { ...facts, known: known('rejected') }).accept).toEqual([])
    expect(
      judgeConnections(shown, { ...facts, known: known('rejected'), accountsChanged: true }).accept,
    ).toEqual(['vpce-1'])
  })
})

describe('the status', () => {
  const base: LookFacts = {
    status: 'Provisioning',
    failure: null,
    askedAt: ago(MINUTE),
    service: 'available',
    refusedArns: [],
    anyActive: true,
    problem: undefined,
    attempts: 0,
  }
  const problem = (kind: EndpointFailure['kind']): EndpointFailure => ({ kind, detail: '' })
  const status = (facts: Partial<LookFacts>) => statusAfter({ ...base, ...facts }, NOW).status

  test('is operational once the service is there and its principals are in place', () => {
    expect(status({})).toBe('Operational')
    expect(status({ service: 'on-its-way' })).toBe('Provisioning')
    expect(status({ status: 'Failed', failure: 'x' })).toBe('Operational')
  })

  test('stays operational while AWS cannot be asked, and is provisioning again when the service is gone', () => {
    const operational = { status: 'Operational', attempts: 90, askedAt: ago(99 * MINUTE) } as const
    for (const kind of ['outage', 'refused', 'limited', 'quota'] as const) {
      expect(status({ ...operational, service: 'on-its-way', problem: problem(kind) })).toBe('Operational')
    }
    expect(status({ ...operational, service: 'not-shown', attempts: 0 })).toBe('Operational')
    expect(status({ ...operational, service: 'on-its-way', attempts: 0 })).toBe('Provisioning')
  })

  test('is failed where waiting is of no use, and where nothing has come of it for half an hour', () => {
    expect(status({ service: 'failed' })).toBe('Failed')
    expect(status({ service: 'on-its-way', problem: problem('quota'), attempts: 2 })).toBe('Provisioning')
    expect(status({ service: 'on-its-way', problem: problem('quota'), attempts: 3 })).toBe('Failed')
    expect(status({ service: 'on-its-way', problem: problem('outage'), attempts: 9 })).toBe('Provisioning')
    expect(status({ service: 'on-its-way', problem: problem('refused'), attempts: 9 })).toBe('Provisioning')
    expect(status({ service: 'on-its-way', problem: problem('outage'), askedAt: ago(30 * MINUTE) })).toBe(
      'Failed',
    )
    expect(status({ service: 'on-its-way', askedAt: ago(30 * MINUTE) })).toBe('Failed')
    expect(status({ refusedArns: ['arn:a'], anyActive: false })).toBe('Failed')
    expect(status({ refusedArns: ['arn:a'], anyActive: true })).toBe('Operational')
  })

  test('says what to do only where a person must do it, and that it is tried on where it is', () => {
    const words = (facts: Partial<LookFacts>) => statusAfter({ ...base, ...facts }, NOW).failure
    expect(words({ service: 'failed' })).toContain('Destroy the link, then create it again.')
    const late = { service: 'on-its-way', askedAt: ago(30 * MINUTE), attempts: 9 } as const
    for (const kind of ['refused', 'limited', 'quota', 'missing', 'busy', 'invalid', 'outage'] as const) {
      const said = words({ ...late, problem: problem(kind) })
      expect(said).toContain('We go on trying')
      expect(said).not.toContain('Destroy')
    }
  })
})

describe('the next look', () => {
  const base = {
    status: 'Operational',
    askedAt: ago(99 * MINUTE),
    attempts: 0,
    changed: false,
    waiting: false,
    links: 10,
  } as const
  const seconds = (facts: Partial<Parameters<typeof lookAgainMs>[0]>) =>
    lookAgainMs({ ...base, ...facts }, NOW, 0.5) / 1_000

  test('comes each minute, sooner where something is about to become, and at once after a change', () => {
    expect(seconds({})).toBe(60)
    expect(seconds({ waiting: true })).toBe(45)
    expect(seconds({ status: 'Provisioning' })).toBe(45)
    expect(seconds({ status: 'Provisioning', askedAt: ago(MINUTE) })).toBe(10)
    expect(seconds({ changed: true })).toBe(10)
  })

  test('comes more and more rarely while AWS fails, within ten minutes', () => {
    expect(seconds({ attempts: 1 })).toBe(7.5)
    expect(seconds({ attempts: 3 })).toBe(30)
    expect(seconds({ attempts: 50 })).toBe(450)
  })

  test('asks AWS for two links a second at the most, however many there are', () => {
    expect(seconds({ links: 10_000 })).toBe(5_000)
  })
})
