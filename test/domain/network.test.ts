import { expect, test } from 'vitest'
import { networkOf, throughEndpoint } from '../../src/domain/network.ts'

test.each([
  ['203.0.113.9', '203.0.113.0/24'],
  ['203.0.113.255', '203.0.113.0/24'],
  ['2001:db8:1:2::3', '2001:db8:1::/48'],
  ['2001:0DB8:0001:ffff:0:0:0:1', '2001:db8:1::/48'],
  ['2001:0:0:1::1', '2001::/48'],
  ['1:2:3:4:5:6:7:8', '1:2:3::/48'],
  ['::1', '::/48'],
])('%s is in the network %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})

test('an IPv4 address is in the same network when it is written as IPv6', () => {
  expect(networkOf('::ffff:203.0.113.9')).toBe('203.0.113.0/24')
  expect(networkOf('::ffff:cb00:7109')).toBe('203.0.113.0/24')
})

test.each(['', '999.1.1.1', '203.0.113', ':::', 'fe80::1%eth0', 'localhost', '::1]/', null])(
  '%j is in no network',
  (address) => {
    expect(networkOf(address)).toBeNull()
  },
)

test('what came through a VPC endpoint is in the network of that endpoint, whatever its address there', () => {
  const [one, other] = ['vpce-01c87ae3c05563935', 'vpce-01234567']
  for (const address of ['10.0.0.5', '10.0.7.9', 'fd00::1', null]) {
    expect(networkOf(throughEndpoint(address, one))).toBe(`endpoint ${one}`)
  }
  expect(networkOf(throughEndpoint('10.0.0.5', other))).toBe(`endpoint ${other}`)
})
