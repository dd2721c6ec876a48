import { describe, expect, test } from 'vitest'
import { createLanes } from '../../src/worker/lanes.ts'

const PLACES = 40

/** Takes places of a lane for as long as there is room. */
function fill(lanes: ReturnType<typeof createLanes>, lane: string, most = PLACES): (() => void)[] {
  const taken: (() => void)[] = []
  while (taken.length < most && lanes.room(lane) === 'now') taken.push(lanes.enter(lane))
  return taken
}

function startLanes() {
  const clock = { ms: 0 }
  return { clock, lanes: createLanes(PLACES, () => clock.ms) }
}

describe('a receiver', () => {
  test('that answers at once has most of the places, and never all', () => {
    const { lanes } = startLanes()
    expect(fill(lanes, 'fast')).toHaveLength(30)
    expect(lanes.room('fast')).toBe('soon')
    expect(lanes.room('other')).toBe('now')
  })

  test('that lets us wait for two seconds gets no place beyond two, until it is fast again', () => {
    const { lanes, clock } = startLanes()
    const hanging = fill(lanes, 'slow', 3)
    clock.ms = 1_999
    expect(lanes.room('slow')).toBe('now')
    clock.ms = 2_000
    expect(lanes.room('slow')).toBe('no')
    clock.ms = 10_000
    for (const leave of hanging) leave()
    expect(fill(lanes, 'slow')).toHaveLength(2)
    expect(lanes.room('slow')).toBe('no')
  })

  test('that was slow has the places of any other once it has answered fast', () => {
    const { lanes, clock } = startLanes()
    const leave = lanes.enter('slow')
    clock.ms = 5_000
    leave()
    const again = lanes.enter('slow')
    clock.ms = 5_100
    again()
    expect(fill(lanes, 'slow')).toHaveLength(30)
  })
})

test('all receivers that are slow have half of the places together, so the others always find one', () => {
  const { lanes, clock } = startLanes()
  const names = Array.from({ length: 60 }, (_, number) => `slow-${number}`)
  for (const name of names) {
    const leave = lanes.enter(name)
    clock.ms += 3_000
    leave()
  }
  expect(names.flatMap((name) => fill(lanes, name))).toHaveLength(PLACES / 2)
  expect(lanes.room('fast')).toBe('now')
  expect(fill(lanes, 'fast')).toHaveLength(PLACES / 2)
})

test('a place that is given back twice is given back once', () => {
  const { lanes } = startLanes()
  const leave = lanes.enter('fast')
  lanes.enter('fast')
  leave()
  leave()
  expect(fill(lanes, 'one')).toHaveLength(30)
  expect(fill(lanes, 'two')).toHaveLength(PLACES - 31)
})
