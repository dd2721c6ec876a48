import { describe, expect, test } from 'vitest'
import { isOwnKey, readOwnKeyArn, regionOfArn } from '../../src/domain/own-key-arn.ts'

const UUID = '9876fedc-98fe-76dc-54ba-9876fedcba98'
const ARN = `arn:aws:kms:us-east-1:111111111111:key/${UUID}`
const limits = { regions: ['us-east-1', 'eu-west-1'], accountId: '222222222222', addonRegion: null }
const read = (given: unknown, other: object = {}) => readOwnKeyArn(given, { ...limits, ...other })

describe('a full ARN is taken', () => {
  test.each([
    [ARN, 'us-east-1'],
    [`  ${ARN}\n`, 'us-east-1'],
    [`arn:aws:kms:eu-west-1:111111111111:key/mrk-${UUID.replaceAll('-', '')}`, 'eu-west-1'],
  ])('%s', (given, region) => {
    const taken = { arn: given.trim(), region, account: '111111111111' }
    expect(read(given)).toEqual(taken)
    expect(regionOfArn(given.trim())).toBe(region)
    expect(isOwnKey(given.trim())).toBe(true)
  })

  test('in the region of the add-on, or where Heroku names none of AWS', () => {
    expect(read(ARN, { addonRegion: 'amazon-web-services::us-east-1' })).toMatchObject({ arn: ARN })
    expect(read(ARN, { addonRegion: 'virginia' })).toMatchObject({ arn: ARN })
  })

  test('in the partition of its region', () => {
    const regions = ['us-gov-west-1', 'cn-north-1']
    const gov = `arn:aws-us-gov:kms:us-gov-west-1:111111111111:key/${UUID}`
    expect(read(gov, { regions })).toMatchObject({ arn: gov })
    expect(read(gov.replace('aws-us-gov', 'aws'), { regions })).toHaveProperty('problem')
  })
})

describe('anything else is refused before any call, in words that do not quote it', () => {
  test.each([
    ['a bare flag', true, 'needs the ARN'],
    ['a bare flag as a text', 'true', 'needs the ARN'],
    ['nothing', '', 'needs the ARN'],
    ['nothing but spaces', '   ', 'needs the ARN'],
    ['a number', 7, 'takes the full ARN'],
    ['an object', {}, 'takes the full ARN'],
    ['a bare id', UUID, 'takes the full ARN'],
    ['an alias', 'alias/mine', 'no alias'],
    ['the ARN of an alias', 'arn:aws:kms:us-east-1:111111111111:alias/mine', 'no alias'],
    ['another service', `arn:aws:s3:us-east-1:111111111111:key/${UUID}`, 'takes the full ARN'],
    ['another region', ARN.replace('us-east-1', 'us-west-2'), 'us-east-1, eu-west-1'],
    ['a host in the place of the region', ARN.replace('us-east-1', 'x.evil.example/'), 'takes the full ARN'],
    ['an address in the place of the region', ARN.replace('us-east-1', '169.254.169.254'), 'the full ARN'],
    ['another partition', ARN.replace(':aws:', ':aws-cn:'), 'takes keys of these regions'],
    ['an account that is none', ARN.replace('111111111111', '1'), 'takes the full ARN'],
    ['the account of the service', ARN.replace('111111111111', '222222222222'), 'your own AWS account'],
    ['an id in capitals', ARN.replace('fedc', 'FEDC'), 'takes the full ARN'],
    ['more behind it', `${ARN}/x`, 'takes the full ARN'],
    ['a second line', `${ARN}\n${ARN}`, 'takes the full ARN'],
    ['a very long text', `${ARN}${'0'.repeat(5_000)}`, 'takes the full ARN'],
  ])('%s', (_name, given, words) => {
    const answer = read(given)
    expect(answer).toEqual({ problem: expect.stringContaining(words) })
    if (typeof given === 'string' && given.length > 10) expect(JSON.stringify(answer)).not.toContain(given)
  })

  test('a key of another region than the add-on', () => {
    expect(read(ARN, { addonRegion: 'amazon-web-services::eu-west-1' })).toEqual({
      problem: expect.stringContaining('the region of the add-on, eu-west-1'),
    })
  })
})

test('no id of SEALING_KEYS is taken for the ARN of a key', () => {
  expect(['k1', 'arn', 'arn.aws'].filter(isOwnKey)).toEqual([])
  expect(() => regionOfArn('k1')).toThrow(RangeError)
})
