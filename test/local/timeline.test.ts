import { expect, test } from 'vitest'
import { type Entry, RANK } from '../../local/entry.ts'
import { createTimeline } from '../../local/timeline.ts'

const at = (ms: number) => new Date(1_000_000 + ms)
const entry = (ms: number, rank: number, text: string): Entry => ({ at: at(ms), rank, who: 'x', text })

function startTimeline() {
  const told: string[] = []
  const timeline = createTimeline(({ text }) => told.push(text))
  return { told, timeline }
}

test('a key that is stored is told before its push, and the push before the release, however late it was read', () => {
  const { told, timeline } = startTimeline()
  timeline.add([entry(5, RANK.called, 'publish'), entry(5, RANK.atHeroku, 'release')])
  timeline.add([entry(5, RANK.settled, 'promote'), entry(5, RANK.stored, 'create')])
  timeline.tell()
  expect(told).toEqual(['create', 'publish', 'release', 'promote'])
})

test('what is too fresh waits, since something older may still come', () => {
  const { told, timeline } = startTimeline()
  timeline.add([entry(10, RANK.atHeroku, 'later'), entry(1, RANK.atHeroku, 'sooner')])
  timeline.tell(at(5))
  expect(told).toEqual(['sooner'])
  timeline.add([entry(7, RANK.atHeroku, 'between')])
  timeline.tell()
  expect(told).toEqual(['sooner', 'between', 'later'])
})

test('equals stay in the order in which they came, and nothing is told twice', () => {
  const { told, timeline } = startTimeline()
  timeline.add([entry(1, 3, 'a'), entry(1, 3, 'b')])
  timeline.tell()
  timeline.tell()
  expect(told).toEqual(['a', 'b'])
})
