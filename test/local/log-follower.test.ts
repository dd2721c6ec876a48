import { appendFileSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { complaintIn, followLog } from '../../local/log-follower.ts'
import { removeFolder } from '../support/remove-folder.ts'

const NOW = new Date('2026-03-03T12:00:00Z')

test('each call answers the lines that came since the last one, an unfinished line only with its end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-follower-'))
  onTestFinished(() => removeFolder(folder))
  const file = join(folder, 'web.log')
  writeFileSync(file, 'one\ntwo\nthr')
  const next = followLog(file)
  expect(await next()).toEqual(['one', 'two'])
  expect(await next()).toEqual([])
  appendFileSync(file, 'ee\nfoür')
  expect(await next()).toEqual(['three'])
  appendFileSync(file, '\n')
  expect(await next()).toEqual(['foür'])
})

test('warnings and errors are shown in short, with their reason', () => {
  const warning = {
    level: 40,
    time: NOW.getTime(),
    msg: 'rotation attempt failed',
    failure: 'unavailable: x',
  }
  expect(complaintIn(JSON.stringify(warning), new Date(0))).toEqual({
    at: NOW,
    trouble: false,
    text: 'rotation attempt failed: unavailable: x',
  })
  const error = { level: 50, time: NOW.getTime(), msg: 'tick failed', err: { message: 'no connection' } }
  expect(complaintIn(JSON.stringify(error), NOW)).toMatchObject({
    trouble: true,
    text: 'tick failed: no connection',
  })
})

test('a warning of a change of state says from what to what', () => {
  const turn = { level: 40, time: 1, msg: 'encryption key of a customer', from: 'waiting', to: 'suspended' }
  expect(complaintIn(JSON.stringify(turn), NOW)?.text).toBe(
    'encryption key of a customer: waiting -> suspended',
  )
})

test('what is below a warning is not shown', () => {
  expect(complaintIn(JSON.stringify({ level: 30, time: 1, msg: 'rotation promoted' }), NOW)).toBeUndefined()
})

test('plain text in a log is trouble: the service writes nothing but JSON', () => {
  expect(complaintIn('TypeError: x is not a function', NOW)).toEqual({
    at: NOW,
    trouble: true,
    text: 'TypeError: x is not a function',
  })
})
