import type { Dispatcher } from 'undici'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createSendRequest } from '../../src/heroku/send-request.ts'

const REQUEST = {
  origin: 'http://heroku.example',
  method: 'GET',
  path: '/',
  headers: {},
  body: null,
} as const
const LIMIT_MS = 1_000
const PRECISION_MS = LIMIT_MS / 20

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A way out on which nothing is ever answered, and the handlers of the requests that were sent. */
function startSilence() {
  const handlers: Dispatcher.DispatchHandler[] = []
  const dispatch = (_request: unknown, handler: Dispatcher.DispatchHandler) => handlers.push(handler) > 0
  const send = createSendRequest({ dispatch } as unknown as Dispatcher, LIMIT_MS)
  const startedAt = Date.now()
  const ends: Record<string, { ms: number; error: string }> = {}
  function begin(name: string, signal?: AbortSignal): void {
    const note = (error: Error) => {
      ends[name] = { ms: Date.now() - startedAt, error: error.name }
    }
    send(REQUEST, signal).then(() => note(new Error('answered')), note)
  }
  return { begin, ends, handlers }
}

test('each call is given up at its own time limit, or a twentieth of it earlier, however many are under way', async () => {
  const { begin, ends } = startSilence()
  const starts = [0, 1, 49, 50, 333, 999, 1_400]
  for (const at of starts) setTimeout(() => begin(String(at)), at)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(Object.keys(ends)).toHaveLength(starts.length)
  for (const at of starts) {
    const { ms, error } = ends[at] ?? { ms: 0, error: '' }
    expect(error).toBe('TimeoutError')
    expect(ms - at).toBeGreaterThanOrEqual(LIMIT_MS - PRECISION_MS)
    expect(ms - at).toBeLessThanOrEqual(LIMIT_MS)
  }
})

test('nothing ticks while no call is under way', async () => {
  const { begin, ends } = startSilence()
  expect(vi.getTimerCount()).toBe(0)
  begin('only')
  expect(vi.getTimerCount()).toBe(1)
  await vi.advanceTimersByTimeAsync(LIMIT_MS)
  expect(ends.only?.error).toBe('TimeoutError')
  expect(vi.getTimerCount()).toBe(0)
})

test('a call that its caller gives up ends at once, and its connection is let go as soon as it has one', async () => {
  const { begin, ends, handlers } = startSilence()
  const giveUp = new AbortController()
  begin('given up', giveUp.signal)
  giveUp.abort()
  await vi.advanceTimersByTimeAsync(0)
  expect(ends['given up']).toEqual({ ms: 0, error: 'AbortError' })
  const abort = vi.fn()
  handlers[0]?.onRequestStart?.({ abort } as unknown as Dispatcher.DispatchController, undefined)
  expect(abort).toHaveBeenCalledOnce()
})

test('an answer that comes after the time limit changes nothing any more', async () => {
  const { begin, ends, handlers } = startSilence()
  begin('late')
  await vi.advanceTimersByTimeAsync(LIMIT_MS)
  const controller = { abort: () => {} } as unknown as Dispatcher.DispatchController
  handlers[0]?.onResponseStart?.(controller, 200, {}, 'OK')
  handlers[0]?.onResponseEnd?.(controller, {})
  await vi.advanceTimersByTimeAsync(0)
  expect(ends.late?.error).toBe('TimeoutError')
})
