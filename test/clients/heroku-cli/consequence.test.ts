import { describe, expect, test } from 'vitest'
import { ofGrace, ofRevoking, ofRotating } from '../../../clients/heroku-cli/src/rotation/consequence.ts'
import { app, resource, resourceAnswer } from './support/made-up-resource.ts'
import { NOW } from './support/still-surroundings.ts'

const policy = (changes: Record<string, unknown>) => ({
  policy: { ...(resourceAnswer().policy as object), ...changes },
})

describe('what a rotation now does', () => {
  test('names the apps, what is good no longer and from when on, and until when the rest is', () => {
    expect(ofRotating(resource(), NOW)).toEqual({
      early: true,
      sentences: [
        'The apps service-1 and service-2 restart.',
        'What was signed with the previous key bbbb2222, all of it before 2026-03-03 12:00 UTC (7 days ago), is refused as soon as they have restarted, and not from 2026-03-17 12:00 UTC (in 7 days) on: who holds nothing newer is logged out.',
        'What was signed with key aaaa1111 is good until 2026-03-24 12:00 UTC (in 14 days).',
      ],
    })
  })

  test('is not early where nobody signs with the key that leaves', () => {
    const { early, sentences } = ofRotating(resource({ would_log_out: null }), NOW)
    expect(early).toBe(false)
    expect(sentences.join(' ')).not.toContain('refused')
  })

  test.each([
    ['a short grace period', { grace_period: '48h' }, 'until 2026-03-12 12:00 UTC (in 2 days)'],
    ['one that is longer than the period', { grace_period: '30d' }, 'until 2026-03-24 12:00 UTC'],
    [
      'a pause that goes on longer than the grace period',
      {
        grace_period: '48h',
        pause: { since: NOW.toISOString(), until: '2026-03-15T12:00:00Z', reason: 'x' },
      },
      'until 2026-03-15 12:00 UTC',
    ],
    [
      'a pause without an end',
      { pause: { since: NOW.toISOString(), until: null, reason: 'x' } },
      'until some time after the pause has ended',
    ],
  ])('says until when the key that signs now is good under %s', (_what, changes, words) => {
    expect(ofRotating(resource(policy(changes)), NOW).sentences.at(-1)).toContain(words)
  })

  test('names the apps that sign with the key that leaves, and from when on nobody has to be forced', () => {
    const facts = resourceAnswer().would_log_out as object
    const would_log_out = {
      ...facts,
      apps: [
        { name: 'service-2', because: 'release' },
        { name: 'service-2', because: 'check-in' },
      ],
      possible_from: '2026-03-10T13:00:00Z',
    }
    const text = ofRotating(resource({ would_log_out }), NOW).sentences.join(' ')
    expect(text).toContain('service-2 still signs with that key.')
    expect(text).toContain('Without --force that is possible from 2026-03-10 13:00 UTC')
  })

  test('joins the one that is under way', () => {
    expect(ofRotating(resource({ rotation: 'manual-1' }), NOW)).toEqual({
      early: false,
      sentences: ['A rotation is under way already. This request joins it.'],
    })
  })

  test('names an app once, whatever the number of its attachments, and no app where Heroku tells none', () => {
    const apps = [app('service-1', 'SECURE_KEY'), app('service-1', 'OTHER_SECURE_KEY')]
    expect(ofRotating(resource({ apps }), NOW).sentences[0]).toBe('The app service-1 restarts.')
    expect(ofRotating(resource({ apps: null }), NOW).sentences[0]).toMatch(/^Every app/)
  })
})

test('a revoke names every key that is refused, and what ends with it', () => {
  const { sentences, early } = ofRevoking(resource(), false)
  expect(early).toBe(true)
  const text = sentences.join(' ')
  expect(text).toContain('The apps service-1 and service-2 restart.')
  expect(text).toContain('the keys aaaa1111 and bbbb2222 is refused from then on: people are logged out.')
  expect(text).toContain('every token that may read the keys')
  expect(ofRevoking(resource(), true).sentences.join(' ')).toContain('Tokens stay.')
})

describe('another grace period', () => {
  test('that ends the old key earlier says from when on, and is not sooner than the least one', () => {
    const shorter = ofGrace(resource(), '10d', NOW)
    expect(shorter).toEqual({
      early: true,
      sentences: [
        'What was signed with the old key bbbb2222 is refused from 2026-03-13 12:00 UTC (in 3 days), and not from 2026-03-17 12:00 UTC (in 7 days).',
      ],
    })
    expect(ofGrace(resource(), '48h', NOW).sentences[0]).toContain(
      'from 2026-03-10 13:00 UTC (in 60 minutes)',
    )
  })

  test.each(['14d', 'period', '30d'])('%s, by which nothing ends earlier, is no loss', (grace) => {
    expect(ofGrace(resource(), grace, NOW)).toEqual({ early: false, sentences: [] })
  })
})
