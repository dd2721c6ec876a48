import { describe } from 'vitest'
import { CLIENT_PYTHON, describePython } from './support/python-tests.ts'
import { isMissing } from './support/toolchain.ts'

describe.skipIf(isMissing(CLIENT_PYTHON))('clients/python', () => {
  describePython('the library', {
    modules: ['test_variables', 'test_tokens', 'test_settle', 'test_secrecy', 'test_counts', 'test_check'],
  })
})
