import { expect, test } from 'vitest'
import { createCircuit } from '../../src/heroku/circuit.ts'

const FAILURES = 8
const OPEN_MS = 15_000

function startCircuit() {
  const clock = { nowMs: 1_000_000 }
  const circuit = createCircuit(() => new Date(clock.nowMs))
  const fail = (count: number) => {
    for (let done = 0; done < count; done += 1) circuit.record(false)
  }
  return { circuit, clock, fail }
}

test('a circuit stays closed for fewer than eight failures in a row', () => {
  const { circuit, fail } = startCircuit()
  fail(FAILURES - 1)
  expect(circuit.waitMs()).toBe(0)
  circuit.record(true)
  fail(FAILURES - 1)
  expect(circuit.waitMs()).toBe(0)
})

test('the eighth failure in a row opens it for fifteen seconds', () => {
  const { circuit, clock, fail } = startCircuit()
  fail(FAILURES)
  expect(circuit.waitMs()).toBe(OPEN_MS)
  clock.nowMs += 5_000
  expect(circuit.waitMs()).toBe(OPEN_MS - 5_000)
})

test('when the time is over one caller may probe, and everybody else waits for what it finds', () => {
  const { circuit, clock, fail } = startCircuit()
  fail(FAILURES)
  clock.nowMs += OPEN_MS
  expect(circuit.waitMs()).toBe(0)
  expect(circuit.waitMs()).toBe(OPEN_MS)
})

test('a probe that is answered closes it for everybody', () => {
  const { circuit, clock, fail } = startCircuit()
  fail(FAILURES)
  clock.nowMs += OPEN_MS
  circuit.waitMs()
  circuit.record(true)
  expect([circuit.waitMs(), circuit.waitMs()]).toEqual([0, 0])
})

test('a probe that fails opens it anew', () => {
  const { circuit, clock, fail } = startCircuit()
  fail(FAILURES)
  clock.nowMs += OPEN_MS
  circuit.waitMs()
  clock.nowMs += 2_000
  circuit.record(false)
  expect(circuit.waitMs()).toBe(OPEN_MS)
})

test('a probe that was never sent does not keep it open for ever: another one follows', () => {
  const { circuit, clock, fail } = startCircuit()
  fail(FAILURES)
  clock.nowMs += OPEN_MS
  circuit.waitMs()
  clock.nowMs += OPEN_MS
  expect(circuit.waitMs()).toBe(0)
})
