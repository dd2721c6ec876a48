import { readFileSync } from 'node:fs'
import Keygrip from 'keygrip'
import { describe, expect, test } from 'vitest'
import { stateVectors } from '../clients/vectors/make/states.ts'
import { ANY_TIME } from '../src/domain/calendar.ts'
import { formatDuration, parseDuration } from '../src/domain/duration.ts'
import { goodForSeconds } from '../src/domain/good-for.ts'
import { parseGracePeriod, UNTIL_NEXT_ROTATION } from '../src/domain/grace.ts'
import { GIVEN_UP_AFTER_MS } from '../src/domain/notices/delivery.ts'
import { logLine } from '../src/domain/notices/log-line.ts'
import { NOTICE_KINDS, SEVERE_KINDS } from '../src/domain/notices/notice.ts'
import { leadMs, lookAtSchedule, NOTHING_TOLD } from '../src/domain/notices/on-schedule.ts'
import { parsePlans } from '../src/domain/plan.ts'
import { stateAtProvision } from '../src/domain/resource-state.ts'
import { nextRotationAt } from '../src/domain/schedule.ts'
import { keysNeeded, tooManyKeys } from '../src/domain/token-life.ts'
import { KNOWN_DAYS, MANY, SETTLED_DAYS } from '../src/domain/usual-access.ts'
import { MOST_TOLD, TOLD_EVERY_MS } from '../src/flows/access/tell-unusual.ts'
import { UNUSUAL_FOR_MS } from '../src/flows/read-health.ts'
import { MOST_NETWORKS } from '../src/store/access.ts'

const DAY = 86_400_000
/** The plans that a service offers where nobody chose others. */
const EXAMPLE = readFileSync(new URL('../.env.example', import.meta.url), 'utf8')
const PLANS = parsePlans(/^PLAN_PERIODS=(.*)$/m.exec(EXAMPLE)?.[1] ?? '').plans

const read = (page: string) => readFileSync(new URL(`../docs/using/${page}.md`, import.meta.url), 'utf8')

/** The cells of the table behind a comment that begins so, without its head. */
function tableAfter(page: string, comment: string): string[][] {
  const [, table] = new RegExp(`<!-- ${comment}.*?-->\\n((?:\\|.*\\n)+)`).exec(read(page)) ?? []
  if (table === undefined) throw new Error(`${page} has no table "${comment}"`)
  const rows = table.trim().split('\n').slice(2)
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/** As a person says it: whole days from a week on, hours below. */
function inWords(seconds: number): string {
  const days = seconds / 86_400
  if (days >= 7 && Number.isInteger(days)) return `${days} days`
  return `${seconds / 3_600} hours`
}

test('README.md says for how long a signature is good on plan fortnightly, as the service computes it', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const [, said] = /for at least (.+?) on plan `fortnightly`/.exec(readme) ?? []
  const plan = PLANS.find(({ name }) => name === 'fortnightly')
  expect(said).toBe(
    inWords(
      goodForSeconds({
        grace: UNTIL_NEXT_ROTATION,
        periodMs: plan?.periodMs ?? 0,
        tokenLifeMs: null,
      }),
    ),
  )
})

describe('docs/using/how-long.md', () => {
  test('says for every plan what the schedule guarantees, as the service computes it', () => {
    const [, head = ''] = /<!-- the guarantee.*?-->\n(\|.*)\n/.exec(read('how-long')) ?? []
    const graces = [...head.matchAll(/`(?:--grace )?(\w+)`/g)].map(([, text = '']) => {
      const parsed = parseGracePeriod(text, 0)
      if ('problem' in parsed) throw new Error(parsed.problem)
      return parsed.grace
    })
    expect(graces).toHaveLength(3)
    const rows = tableAfter('how-long', 'the guarantee')
    const computed = PLANS.map(({ name, periodMs }) => [
      `\`${name}\``,
      formatDuration(periodMs).replace(/^(\d+)d$/, (_, days) => `${days} ${days === '1' ? 'day' : 'days'}`),
      ...graces.map((grace) => inWords(goodForSeconds({ grace, periodMs, tokenLifeMs: null }))),
    ])
    expect(rows).toEqual(computed)
  })

  test('says for how long the schedule keeps an old key after a late rotation', () => {
    const due = new Date('2026-03-17T12:00:00Z')
    const rows = tableAfter('how-long', 'a late rotation')
    expect(rows.length).toBeGreaterThan(4)
    for (const [late = '', kept] of rows) {
      const at = new Date(due.getTime() + Number.parseInt(late, 10) * DAY)
      const left = (nextRotationAt(due, 14 * DAY, at).getTime() - at.getTime()) / DAY
      expect(`${left} days`, late).toBe(kept)
    }
  })
})

test('docs/using/token-life.md says how many keys a life takes on each plan, as the service computes it', () => {
  const rows = tableAfter('token-life', 'the keys')
  expect(rows.length).toBeGreaterThan(3)
  const [, head = ''] = /<!-- the keys.*?-->\n(\|.*)\n/.exec(read('token-life')) ?? []
  const shown = [...head.matchAll(/`([\w-]+)`/g)].map(([, name]) => name)
  const columns = PLANS.filter(({ name }) => shown.includes(name))
  const besides = PLANS.filter(({ name }) => !shown.includes(name))
  const fortnightly = columns.find(({ name }) => name === 'fortnightly')
  // What the sentence below the table says of those that have no column.
  expect(besides.map(({ space, periodMs }) => [space, periodMs])).toEqual([
    ['private', fortnightly?.periodMs],
    ['shield', fortnightly?.periodMs],
  ])
  for (const [life = '', ...said] of rows) {
    const tokenLifeMs = parseDuration(life) ?? 0
    const keys = columns.map(({ periodMs }) => {
      const terms = { grace: UNTIL_NEXT_ROTATION, tokenLifeMs, periodMs, announcesNext: false }
      return tooManyKeys(terms, PLANS) ? 'refused' : String(keysNeeded(tokenLifeMs, periodMs, false))
    })
    expect(said, life).toEqual(keys)
  }
})

describe('docs/using/what-the-value-is.md', () => {
  const SECRETS: ((value: string) => string[])[] = [
    (value) => value.split(','),
    (value) => value.split(',').slice(0, 1),
    (value) => [value],
  ]
  const valueIn = (name: string) => stateVectors().find((state) => state.name === name)?.secure_key ?? ''
  /** Whether a login that an app signs in the first state is good in each of the others. */
  const staysIn = (secretsOf: (value: string) => string[], [made = '', ...visited]: string[]) => {
    let signature = new Keygrip(secretsOf(valueIn(made))).sign('user-17')
    return visited.map((state) => {
      const keys = new Keygrip(secretsOf(valueIn(state)))
      const good = keys.verify('user-17', signature)
      // Whoever is let in comes away with a login of the newest key.
      if (good) signature = keys.sign('user-17')
      return good
    })
  }

  test('says whom each mistake logs out, and when', () => {
    const rows = tableAfter('what-the-value-is', 'the mistakes')
    expect(rows).toHaveLength(SECRETS.length)
    for (const [index, secretsOf] of SECRETS.entries()) {
      const [once] = staysIn(secretsOf, ['fresh', 'rotated once'])
      const [, twice] = staysIn(secretsOf, ['fresh', 'rotated once', 'rotated twice'])
      const [graceEnded] = staysIn(secretsOf, ['in a grace period of two days', 'grace ended'])
      const said = rows[index]?.slice(1).map((cell) => !cell.includes('logged out'))
      expect([once, twice, graceEnded], rows[index]?.[0]).toEqual(said)
    }
    // As the first row adds.
    expect(staysIn((value) => value.split(','), ['fresh', 'rotated twice'])).toEqual([false])
  })
})

describe('docs/using/notices.md', () => {
  test('lists every kind of notice, and none besides', () => {
    const listed = [...read('notices').matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, kind]) => kind)
    expect(listed).toEqual(NOTICE_KINDS)
  })

  test('lists what is severe and so comes at once, and none besides', () => {
    const [, listed = ''] = /What is severe comes at once: ([^.]+)\./.exec(read('notices')) ?? []
    expect([...listed.matchAll(/`([a-z-]+)`/g)].map(([, kind]) => kind)).toEqual(SEVERE_KINDS)
  })

  test('shows a line as the service writes it', () => {
    const [, shown = ''] = /^ {4}app\[securekey\]: (.*)$/m.exec(read('notices')) ?? []
    const [, resourceId = ''] = / id=([0-9a-f-]+)_coming_/.exec(shown) ?? []
    const nextRotationAt = new Date('2026-11-27T06:00:00Z')
    const now = new Date('2026-11-26T09:00:00Z')
    const windows = [{ days: [5], from: '09:00', to: '10:00', zone: 'UTC' }]
    const calendar = { ...ANY_TIME, windows }
    const state = stateAtProvision({ current: 2, filler: 1, calendar }, nextRotationAt, now)
    const subject = { resourceId, name: 'securekey-solid-14332' }
    const health = { state: 'well', heading: '' } as const
    const [coming] = lookAtSchedule({ subject, state, periodMs: 14 * DAY, health }, NOTHING_TOLD, now).notices
    expect(coming && logLine(coming.notice)).toBe(shown)
  })

  test('says the times by which the service tells, tries again and gives up', () => {
    const page = read('notices').replaceAll('\n', ' ')
    expect([leadMs(14 * DAY), leadMs(DAY), GIVEN_UP_AFTER_MS]).toEqual([DAY, DAY / 2, 3 * DAY])
    for (const words of [
      'a day before',
      'twelve hours before',
      'for three days',
      'within about two minutes',
    ]) {
      expect(page).toContain(words)
    }
  })
})

test('docs/using/access.md and the page of the dashboard say what is unusual in the numbers of the service', () => {
  const page = read('access')
  for (const said of [
    `| \`many-shown\` | a person does so ${MANY} times within an hour |`,
    `after ${SETTLED_DAYS} days of use without a new one`,
    `| \`sign-ons-refused\` | ${MANY} sign-ons are refused within an hour |`,
    `| \`revoked-key-asked\` | it is asked ${MANY} times within an hour`,
    `told once in ${TOLD_EVERY_MS / 3_600_000} hours for a person or program, and an add-on tells ${MOST_TOLD} in`,
    `not seen for ${KNOWN_DAYS} days is forgotten`,
    `the ${MOST_NETWORKS} newest networks are kept`,
  ])
    expect(page).toContain(said)
  // In words: ten times, seven days.
  expect([MANY, SETTLED_DAYS, UNUSUAL_FOR_MS / DAY]).toEqual([10, 7, 7])
  const view = readFileSync(new URL('../src/http/dashboard/views/access.eta', import.meta.url), 'utf8')
  expect(view).toMatch(/ten times within an hour[\s\S]*seven days of use[\s\S]*Ten sign-ons[\s\S]*90 days/)
})
