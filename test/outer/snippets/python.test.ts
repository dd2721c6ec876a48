import { afterAll, beforeAll, describe, test } from 'vitest'
import { removeFolder } from '../../support/remove-folder.ts'
import { debianSuite } from '../support/debian-suite.ts'
import { CLIENT_PYTHON, distPackages } from '../support/python-tests.ts'
import { isMissing } from '../support/toolchain.ts'
import {
  expectLoginLivesThroughRotations,
  expectNoStartWithoutKeys,
} from './support/lives-through-rotations.ts'
import { pythonApp } from './support/python-apps.ts'
import type { Start } from './support/running-app.ts'
import { PYTHON_APPS } from './support/runs.ts'

const LIMIT_MS = 180_000
const suite = await debianSuite('python')

describe.skipIf(isMissing(CLIENT_PYTHON) || suite === undefined)('Django 4.2 and Flask 3.1', () => {
  describe.each(PYTHON_APPS)('$page, $heading', ({ page, heading, around, renews }) => {
    let start: Start
    beforeAll(() => {
      start = pythonApp(page, heading, around as 'django' | 'flask', distPackages(suite ?? ''))
    })
    afterAll(() => removeFolder(start.cwd))

    test('a login outlives a rotation, and ends with a revoke', { timeout: LIMIT_MS }, async () => {
      await expectLoginLivesThroughRotations(start, { renews })
    })

    test('the app does not start without two keys, and shows none', { timeout: LIMIT_MS }, async () => {
      await expectNoStartWithoutKeys(start)
    })
  })
})
