import { describe, expect, test } from 'vitest'
import { type AppRelease, keyInApp } from '../../src/domain/key-in-app.ts'

const MADE = new Date('2026-11-29T10:04:00Z')
const PUBLISHED = new Date('2026-11-29T10:04:02Z')
const LATER = new Date('2026-11-29T11:04:00Z')

const at = (seconds: number) => new Date(MADE.getTime() + seconds * 1_000)

type Row = [version: number, seconds: number, description: string, status?: string]

/** A release so many seconds after the key was made; the add-on's own are those that say so. */
function release([version, seconds, description, status = 'succeeded']: Row): AppRelease {
  const byAddon = / by securekey$/.test(description)
  return { version, status, createdAt: at(seconds), description, byAddon }
}

const INITIAL: Row = [1, -9_000, 'Initial release']
const ATTACH: Row = [2, -8_000, 'Attach SECURE (@ref:securekey-solid-14332)']
const PUSH: Row = [3, 1, 'Update SECURE by securekey']
const SECURE = { name: 'SECURE', createdAt: at(-8_000) }

function look(rows: readonly Row[], more: Partial<Parameters<typeof keyInApp>[2]> & Look = {}) {
  const { attachments = [SECURE], complete = true, createdAt = MADE, publishedAt = PUBLISHED } = more
  const seen = keyInApp(rows.map(release), attachments, { createdAt, publishedAt }, { complete })
  return seen.carried === 'yes' ? `since v${seen.since.version}` : seen.carried
}
type Look = { attachments?: { name: string; createdAt: Date | null }[]; complete?: boolean }

const DEPLOY = 'Deploy 575bfa8'

describe('an app whose present release', () => {
  test.each<[string, Row[], string]>([
    ['is the push of the key carries it', [INITIAL, ATTACH, PUSH], 'since v3'],
    [
      'came after the push carries it since the push',
      [INITIAL, ATTACH, PUSH, [4, 9_000, DEPLOY]],
      'since v3',
    ],
    ['is older than the push does not', [INITIAL, ATTACH], 'no'],
    ['is the push of an older key does not', [INITIAL, ATTACH, [3, -31, 'Update SECURE by securekey']], 'no'],
    [
      'is the later of two pushes in a row carries it since that one',
      [INITIAL, ATTACH, [3, -20, 'Update SECURE by securekey'], [4, 1, 'Update SECURE by securekey']],
      'since v4',
    ],
    [
      'came by a filler carries it since the push of the key',
      [INITIAL, ATTACH, PUSH, [4, 172_800, 'Update SECURE by securekey']],
      'since v3',
    ],
    [
      'is a push in a form of its own carries it',
      [INITIAL, ATTACH, [3, 1, 'Config vars changed by securekey']],
      'since v3',
    ],
    [
      'is the push for another resource of the add-on does not',
      [INITIAL, ATTACH, [3, 1, 'Update SECURE_JADE by securekey'], [4, 2, 'Update OTHER by securekey']],
      'no',
    ],
    [
      'is a rollback to the push of the key before does not, however near that is',
      [
        INITIAL,
        ATTACH,
        [3, -20, 'Update SECURE by securekey'],
        [4, 1, 'Update SECURE by securekey'],
        [5, 9, 'Rollback to v3'],
      ],
      'no',
    ],
    [
      'is a rollback to an attachment just before the push does not',
      [INITIAL, [2, -20, ATTACH[2]], PUSH, [4, 9, 'Rollback to v2']],
      'no',
    ],
    // Failed and pending ones.
    ['would be the push, which failed, does not', [INITIAL, ATTACH, [3, 1, PUSH[2], 'failed']], 'no'],
    [
      'would be the push, which is pending, does not yet',
      [INITIAL, ATTACH, [3, 1, PUSH[2], 'pending']],
      'no',
    ],
    ['would be the push, which expired, does not', [INITIAL, ATTACH, [3, 1, PUSH[2], 'expired']], 'no'],
    [
      'came after a push that failed is no proof',
      [INITIAL, ATTACH, [3, 1, PUSH[2], 'failed'], [4, 60, DEPLOY]],
      'no',
    ],
    [
      'is the push that was made again after one that failed carries it',
      [INITIAL, ATTACH, [3, 1, PUSH[2], 'failed'], [4, 60, PUSH[2]]],
      'since v4',
    ],
    [
      'is before a later one that failed carries what it carried',
      [INITIAL, ATTACH, PUSH, [4, 60, DEPLOY, 'failed'], [5, 90, 'Rollback to v2', 'failed']],
      'since v3',
    ],
    // Rollbacks.
    [
      'is a rollback to one before the key does not',
      [INITIAL, ATTACH, PUSH, [4, 60, 'Rollback to v2']],
      'no',
    ],
    [
      'came after such a rollback does not: it has that config',
      [INITIAL, ATTACH, PUSH, [4, 60, 'Rollback to v2'], [5, 90, DEPLOY], [6, 95, 'Set A config vars']],
      'no',
    ],
    [
      'is a later push after such a rollback carries it',
      [INITIAL, ATTACH, PUSH, [4, 60, 'Rollback to v2'], [5, 90, 'Update SECURE by securekey']],
      'since v5',
    ],
    [
      'is a rollback to one with the key carries it',
      [INITIAL, ATTACH, PUSH, [4, 60, DEPLOY], [5, 90, 'Rollback to v3']],
      'since v3',
    ],
    [
      'is the way back from such a rollback carries it since then',
      [INITIAL, ATTACH, PUSH, [4, 60, 'Rollback to v2'], [5, 90, 'Rollback to v3']],
      'since v5',
    ],
    [
      'is a rollback to a rollback to one before the key does not',
      [
        INITIAL,
        ATTACH,
        PUSH,
        [4, 60, 'Rollback to v2'],
        [5, 70, 'Rollback to v3'],
        [6, 80, 'Rollback to v4'],
      ],
      'no',
    ],
    [
      'is a rollback to a push that failed does not',
      [INITIAL, ATTACH, [3, 1, PUSH[2], 'failed'], [4, 60, 'Rollback to v3']],
      'no',
    ],
    ['is a rollback to itself or one to come does not', [INITIAL, ATTACH, [3, 60, 'Rollback to v7']], 'no'],
    ['lists no release at all does not', [], 'no'],
  ])('%s', (_what, rows, seen) => {
    expect(look(rows)).toBe(seen)
    // Heroku lists the newest first; no order is relied on.
    expect(look(rows.toReversed())).toBe(seen)
  })
})

describe('the key of the attachment', () => {
  const first = { createdAt: MADE, publishedAt: MADE }

  test('is there since the attachment, not since an earlier release within the tolerance of clocks', () => {
    const rows: Row[] = [
      [1, 0, 'Initial release'],
      [2, 0, 'Attach SECURE (@ref:securekey-solid-14332)'],
    ]
    const attachments = [{ name: 'SECURE', createdAt: MADE }]
    expect(look(rows, { ...first, attachments })).toBe('since v2')
    expect(look([...rows, [3, 60, DEPLOY]], { ...first, attachments })).toBe('since v2')
  })

  test('is there since the first release after it, where Heroku tells it in other words', () => {
    const rows: Row[] = [
      [1, -5, 'Initial release'],
      [2, 1, 'Add securekey:fortnightly add-on'],
      [3, 60, DEPLOY],
    ]
    expect(look(rows, { ...first, attachments: [{ name: 'SECURE', createdAt: at(0) }] })).toBe('since v2')
    expect(look(rows, { ...first, attachments: [{ name: 'SECURE', createdAt: null }] })).toBe('no')
  })

  test('is the present one for an app that was attached since, and not for one that was attached before', () => {
    const attachments = [{ name: 'SHARED', createdAt: at(900) }]
    const rows: Row[] = [INITIAL, [2, 900, 'Attach SHARED (@ref:securekey-solid-14332)']]
    expect(look(rows, { attachments })).toBe('since v2')
    // Attached between the making of the key and its confirmation: it may have got either pair.
    expect(look(rows, { attachments, publishedAt: at(3_600) })).toBe('no')
    expect(look([[1, 20, 'Attach OTHER (@ref:postgres)']], { attachments })).toBe('no')
  })

  test('is asked for each attachment of an app: one of two is not enough', () => {
    const second: Row = [4, 900, 'Attach SECOND (@ref:securekey-solid-14332)']
    const attachments = [SECURE, { name: 'SECOND', createdAt: at(900) }]
    const failed: Row = [3, 1, PUSH[2], 'failed']
    expect(look([INITIAL, ATTACH, failed, second], { attachments })).toBe('no')
    expect(look([INITIAL, ATTACH, PUSH, second], { attachments })).toBe('since v3')
  })
})

describe('a list that does not go back to the first release', () => {
  const rest = { complete: false }

  test('says what it can', () => {
    expect(look([[30, -60, DEPLOY]], rest)).toBe('no')
    expect(
      look(
        [
          [30, 1, PUSH[2]],
          [31, 60, DEPLOY],
        ],
        rest,
      ),
    ).toBe('since v30')
    expect(
      look(
        [
          [30, -60, DEPLOY],
          [31, 60, 'Rollback to v7'],
        ],
        rest,
      ),
    ).toBe('no')
  })

  test('says that it depends on what came before', () => {
    expect(
      look(
        [
          [30, 60, DEPLOY],
          [31, 90, DEPLOY],
        ],
        rest,
      ),
    ).toBe('unknown')
    expect(look([[30, 60, DEPLOY, 'failed']], rest)).toBe('unknown')
    expect(
      look(
        [
          [30, 1, PUSH[2]],
          [31, 60, 'Rollback to v7'],
        ],
        rest,
      ),
    ).toBe('unknown')
    expect(look([], rest)).toBe('unknown')
  })

  test('takes no later release for that of an attachment which was made before the list begins', () => {
    const attachments = [{ name: 'SECURE', createdAt: at(40) }]
    expect(
      look(
        [
          [30, 60, DEPLOY],
          [31, 90, DEPLOY],
        ],
        { ...rest, attachments },
      ),
    ).toBe('unknown')
    expect(
      look(
        [
          [30, 20, DEPLOY],
          [31, 90, DEPLOY],
        ],
        { ...rest, attachments },
      ),
    ).toBe('since v31')
  })
})

test('a former key is not taken for one that its successor came too soon after', () => {
  const rows: Row[] = [
    [1, 0, 'Initial release'],
    [2, 0, ATTACH[2]],
    [3, 1, PUSH[2]],
    [4, 9, 'Rollback to v2'],
  ]
  const successor = { createdAt: MADE, publishedAt: MADE }
  expect(keyInApp(rows.map(release), [SECURE], { ...successor, successor }, { complete: true }).carried).toBe(
    'yes',
  )
  expect(keyInApp(rows.map(release), [SECURE], successor, { complete: true }).carried).toBe('no')
})

test('a push counts from the making of its key, however long its confirmation took', () => {
  const key = { publishedAt: LATER }
  expect(look([INITIAL, ATTACH, [3, 4, PUSH[2]], [4, 9_000, DEPLOY]], key)).toBe('since v3')
  expect(look([INITIAL, ATTACH, [3, 2, DEPLOY]], key)).toBe('no')
})
