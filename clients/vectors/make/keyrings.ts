import {
  body,
  ENTRIES,
  facts,
  LONGEST,
  ofLength,
  SECURE_KEY,
  SHOWN,
  withFields,
  withJson,
  withMore,
  withSign,
  withVerify,
} from './keyring-changes.ts'
import { REFUSED_KEYRINGS } from './refused-keyrings.ts'
import {
  accepted,
  announced,
  DAY,
  FIRST_ROTATION,
  HALF_PERIOD,
  older,
  ring,
  ringBody,
  SECOND_ROTATION,
  signs,
} from './rings.ts'
import { type Shown, shown } from './shown.ts'

const FURTHER = older(1, FIRST_ROTATION + DAY)
const FURTHER_SHOWN = shown(1, 'verify', FIRST_ROTATION + DAY)
const NEXT_SHOWN = shown(4, 'next')

const ACCEPTED: [name: string, text: string, keys: Shown[], goodFor?: number | null][] = [
  ['two keys', ring(ENTRIES), SHOWN],
  ['in any order', ring([accepted(2), signs(3)]), SHOWN],
  ['a filler in the second place', ring([signs(3)]), [shown(3, 'sign'), shown(2, 'filler')]],
  ['next', ring([...ENTRIES, announced(4)]), [NEXT_SHOWN, ...SHOWN]],
  ['next at the start', ring([announced(4), ...ENTRIES]), [NEXT_SHOWN, ...SHOWN]],
  [
    'further keys, the one with the nearer end first',
    ring([...ENTRIES, older(1, FIRST_ROTATION + DAY), older(4, SECOND_ROTATION)]),
    [...SHOWN, FURTHER_SHOWN, shown(4, 'verify', SECOND_ROTATION)],
  ],
  ['a further key', ring([...ENTRIES, FURTHER]), [...SHOWN, FURTHER_SHOWN]],
  [
    'a further key before the others',
    ring([FURTHER, announced(4), ...ENTRIES]),
    [NEXT_SHOWN, ...SHOWN, FURTHER_SHOWN],
  ],
  [
    'eight keys',
    withMore(
      ...[4, 5, 6].map((key) => body(older(key, SECOND_ROTATION))),
      body(FURTHER),
      { use: 'a' },
      { use: 'b' },
    ),
    [...SHOWN, ...[4, 5, 6].map((key) => shown(key, 'verify', SECOND_ROTATION)), FURTHER_SHOWN],
  ],
  ['an entry of an unknown use', withMore({ kid: 'x', use: 'trust', version: 3, key: 'y' }), SHOWN],
  ['an entry with the use Sign', withMore({ ...body(signs(4)), use: 'Sign' }), SHOWN],
  ['an entry with an empty use', withMore({ ...body(signs(4)), use: '' }), SHOWN],
  ['fields that nobody knows', withFields({ more: { keys: [null] }, V: 2 }), SHOWN],
  ['fields of an entry that nobody knows', withVerify({ since: 1, Key: 'x' }), SHOWN],
  ['spaces between everything', JSON.stringify(ringBody(ENTRIES), null, 2), SHOWN],
  ['exactly as long as it may be', ofLength(LONGEST), SHOWN],
  ['without a MAC', withFields({ mac: undefined }), SHOWN],
  ['a MAC that is none', withFields({ mac: 0 }), SHOWN],
  [
    'numbers with a fraction of zero',
    withJson('"v":1,', '"v":1.0,').replace('"version":3', '"version":3.0'),
    SHOWN,
  ],
  [
    'the highest version',
    withSign({ version: 2 ** 31 - 1 }),
    [{ ...shown(3, 'sign'), version: 2 ** 31 - 1 }, ...SHOWN.slice(1)],
  ],
  ['an empty reason', facts({ reason: '' }), SHOWN],
  ['a reason of a later service', facts({ reason: 'owner-change' }), SHOWN],
  ['a next date before the rotation', facts({ nextRotationAt: FIRST_ROTATION - 1 }), SHOWN],
  ['the first moment of 2000', facts({ rotatedAt: Date.UTC(2000, 0) }), SHOWN],
  ['the last moment of 2200', facts({ nextRotationAt: Date.UTC(2201, 0) - 1 }), SHOWN],
  [
    'the 29th of a February',
    withVerify({ until: '2028-02-29T12:00:00.000Z' }),
    [shown(3, 'sign'), shown(2, 'verify', Date.UTC(2028, 1, 29, 12))],
  ],
  ['good for a second', facts({ goodFor: 1 }), SHOWN, 1],
  ['good for ten years', facts({ goodFor: 315_360_000 }), SHOWN, 315_360_000],
  ['good for whole seconds, written with a fraction of zero', withJson('604800', '604800.0'), SHOWN],
  ['not said how long good for', facts({ goodFor: null }), SHOWN, null],
  ...oddLives().map(([name, goodFor]): [string, string, Shown[], null] => [
    `good for ${name}`,
    withFields({ good_for: goodFor }),
    SHOWN,
    null,
  ]),
]

/** What counts as not there. */
function oddLives(): [name: string, goodFor: unknown][] {
  return [
    ['nothing', 0],
    ['less than nothing', -1],
    ['half a second more than a week', HALF_PERIOD + 0.5],
    ['more than ten years', 315_360_001],
    ['a text', '604800'],
    ['seven days', '7d'],
    ['true', true],
    ['null', null],
    ['a list', [HALF_PERIOD]],
    ['1e300', 1e300],
  ]
}

/** The list `keyrings` of the vectors. */
export function keyringVectors() {
  const beside = { secure_key: SECURE_KEY }
  const refused = REFUSED_KEYRINGS.map(([warning, name, text]) => ({
    name,
    ...beside,
    secure_keyring: text,
    warning,
  }))
  const good = ACCEPTED.map(([name, text, keys, goodFor = HALF_PERIOD]) => ({
    ...{ name, ...beside, secure_keyring: text, warning: null },
    ...{ keys, good_for: goodFor },
  }))
  return [...good, ...refused]
}
