import { expect, test } from 'vitest'
import { isLoopbackAddress, isPublicAddress } from '../../src/notices/webhook/public-address.ts'

test('addresses of the Internet are public', () => {
  const some = ['93.184.215.14', '8.8.8.8', '172.15.0.1', '172.32.0.1', '100.63.0.1', '2606:4700::6810:84e5']
  expect(some.filter((address) => !isPublicAddress(address))).toEqual([])
})

test('addresses of special ranges are not, in whatever form they come', () => {
  const special = [
    ...['127.0.0.1', '127.255.255.254', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    ...['169.254.169.254', '169.254.170.2', '100.64.0.1', '100.127.255.255', '0.0.0.0', '0.1.2.3'],
    ...['255.255.255.255', '224.0.0.1', '239.1.1.1', '240.0.0.1', '192.0.0.1', '192.0.2.1', '198.18.0.1'],
    ...['198.51.100.1', '203.0.113.1', '192.88.99.1', '192.175.48.1'],
    ...['::', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:8.8.8.8', '::ffff:a9fe:a9fe'],
    ...['::ffff:0:127.0.0.1', '64:ff9b::7f00:1', '64:ff9b::808:808', '64:ff9b:1::1', '2002:7f00:1::'],
    ...['2001::1', '2001:db8::1', '2001:2::1', '2001:10::1', '3fff::1', '5f00::1', '100::1', 'fec0::1'],
    ...['fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd00:ec2::254', 'ff02::1', '4000::1', '1::1'],
    // Forms that other programs read as addresses.
    ...[
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '127.1',
      '08.8.8.8',
      '8.8.8.8.',
      ' 8.8.8.8',
      '',
      'localhost',
    ],
  ]
  expect(special.filter(isPublicAddress)).toEqual([])
})

test('those of this machine are told apart, and no form of them that only looks so', () => {
  expect(['127.0.0.1', '127.9.9.9', '::1'].filter((address) => !isLoopbackAddress(address))).toEqual([])
  expect(['10.0.0.1', '::ffff:127.0.0.1', '127.1', '8.8.8.8'].filter(isLoopbackAddress)).toEqual([])
})
