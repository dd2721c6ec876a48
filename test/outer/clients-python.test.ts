import { describe, test } from 'vitest'
import { debianSuite } from './support/debian-suite.ts'
import {
  CLIENT_PYTHON,
  describePython,
  distPackages,
  isOfMachine,
  type PythonPackage,
} from './support/python-tests.ts'
import { isMissing, OPENSSL } from './support/toolchain.ts'

/** Of the machine's Debian, beside the newer ones that are unpacked for the tests. */
const OLD_FLASK: PythonPackage = {
  name: 'flask',
  from: [2, 2],
  before: [3, 1],
  debianPackage: 'python3-flask',
}
const OLD_DJANGO: PythonPackage = {
  name: 'django',
  from: [3, 2],
  before: [4, 1],
  debianPackage: 'python3-django',
}

const FLASK_MODULES = [
  'frameworks.test_flask',
  'frameworks.test_flask_refused',
  'frameworks.test_flask_cookies',
  'frameworks.test_flask_live',
  'frameworks.test_itsdangerous',
]
const DJANGO_MODULES = [
  'frameworks.test_django',
  'frameworks.test_django_signing',
  'frameworks.test_django_cookies',
  'frameworks.test_django_live',
]

const missing = isMissing(CLIENT_PYTHON)
const newer = missing ? undefined : await debianSuite('python')

if (missing) test.skip('clients/python is not run: Python is missing', () => {})
else
  describe('clients/python', () => {
    describePython('the library', {
      modules: ['test_variables', 'test_tokens', 'test_settle', 'test_secrecy', 'test_counts', 'test_check'],
    })

    describePython('live pick-up', {
      modules: [
        'test_refresh',
        'test_refresh_answers',
        'test_refresh_revoke',
        'test_refresh_whole',
        'test_refresh_pace',
        'test_refresh_check_in',
        'test_refresh_options',
        'test_refresh_server',
        'test_refresh_processes',
        'test_refresh_forks',
      ],
    })

    if (!isMissing(OPENSSL)) describePython('live pick-up by https', { modules: ['test_refresh_tls'] })

    describePython('the vectors', { modules: ['test_vectors'] })

    if (isOfMachine(OLD_FLASK)) {
      describePython('with the Flask of Debian 12', {
        modules: FLASK_MODULES,
      })
    }
    if (isOfMachine(OLD_DJANGO)) {
      describePython('with the Django of Debian 12', { modules: ['frameworks.test_django_refused'] })
    }
    if (newer === undefined) {
      test.skip("the newer frameworks are not run: Debian's packages of them cannot be had", () => {})
    } else {
      const pythonPath = distPackages(newer)
      describePython('with the Flask of Debian 13', {
        modules: [
          ...FLASK_MODULES,
          'frameworks.test_flask_wtf',
          'frameworks.test_flask_login',
          'frameworks.test_gunicorn_live',
        ],
        pythonPath,
      })
      describePython('with the Django of Debian 13', {
        modules: DJANGO_MODULES,
        pythonPath,
      })
    }
  })
