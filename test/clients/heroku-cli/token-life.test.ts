import { describe, expect, test } from 'vitest'
import { problemOf } from '../../../clients/heroku-cli/src/service/problem.ts'
import { keptWords } from '../../../clients/heroku-cli/src/shown/token-life.ts'
import { typedTokenLife } from '../../../clients/heroku-cli/src/words/token-life.ts'
import { resource } from './support/made-up-resource.ts'

const NOW = new Date('2026-03-03T12:00:00Z')

describe('a life that is typed', () => {
  test.each([
    ['30d', undefined, '30d', undefined],
    ['off', undefined, 'off', undefined],
    ['securekey-solid-14332', undefined, undefined, 'securekey-solid-14332'],
    ['30d', 'securekey-solid-14332', '30d', 'securekey-solid-14332'],
    // What the service does not know is for the service to refuse.
    ['30fortnights', undefined, '30fortnights', undefined],
    [undefined, undefined, undefined, undefined],
  ])('%s %s is told from the name of an add-on', (first, second, life, addon) => {
    expect(typedTokenLife(first, second)).toEqual({ life, addon })
  })
})

test('the keys that are kept are told with their ends', () => {
  const { policy, keys } = resource()
  const old = { ...keys[0], kid: '0badcafe', version: 1, use: 'verify', madeAt: NOW, publishedAt: NOW }
  const kept = {
    policy: { ...policy, tokenLife: '30d' },
    keys: [{ ...old, acceptedUntil: new Date('2026-04-02T12:00:00Z') }],
  }
  expect(keptWords(kept, NOW)).toEqual([
    'What your apps sign is good for 30d.',
    expect.stringMatching(/^What was signed with key 0badcafe is good until 2026-04-02 12:00 UTC/),
  ])
  expect(keptWords({ policy, keys: [] }, NOW)).toHaveLength(1)
})

describe('a refusal that asks first', () => {
  const problem = (more: object) =>
    problemOf(
      {
        status: 409,
        body: {
          type: 'urn:securekey:problem:ends-early',
          title: 'Keys that are still needed would go',
          ...more,
        },
        headers: {},
      } as never,
      NOW,
    )

  test('brings what confirms it, and what it ends, in words', () => {
    const ends = [
      { kid: '0badcafe', from: NOW.toISOString(), instead: '2026-03-10T12:00:00.000Z' },
      { kid: '1badcafe', from: null, instead: null },
    ]
    expect(problem({ confirm: '0badcafe,1badcafe', ends }).asks).toEqual({
      confirm: '0badcafe,1badcafe',
      ends: [
        expect.stringMatching(
          /^What was signed with key 0badcafe is refused from .*, and not from 2026-03-10/,
        ),
        'What key 1badcafe signs, and has signed, is good for less time once another key signs.',
      ],
    })
  })

  test.each([
    ['no confirm', { ends: [] }],
    ['no list', { confirm: 'x' }],
    ['a confirm beyond all measure', { confirm: 'x'.repeat(201), ends: [] }],
  ])('that brings %s is a refusal like any other', (_what, more) => {
    expect(problem(more).asks).toBeUndefined()
  })
})
