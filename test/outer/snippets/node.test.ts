import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { removeFolder } from '../../support/remove-folder.ts'
import {
  expectLoginLivesThroughRotations,
  expectNoStartWithoutKeys,
} from './support/lives-through-rotations.ts'
import { type Around, nodeApp } from './support/node-apps.ts'
import type { Start } from './support/running-app.ts'
import { NODE_APPS } from './support/runs.ts'

const LIMIT_MS = 180_000

describe.each(NODE_APPS)('$page, $heading', ({ page, heading, around, renews }) => {
  let start: Start
  beforeAll(() => {
    start = nodeApp(page, heading, around as Around)
  })
  afterAll(() => removeFolder(start.cwd))

  test('a login outlives a rotation, and ends with a revoke', { timeout: LIMIT_MS }, async () => {
    await expectLoginLivesThroughRotations(start, { renews })
  })

  test('the app does not start without two keys, and shows none', { timeout: LIMIT_MS }, async () => {
    await expectNoStartWithoutKeys(start)
  })
})

test('every app of a page was tried', () => {
  expect(NODE_APPS.length).toBeGreaterThan(15)
})
