import { describe, expect, test } from 'vitest'
import { FAKETIME, isMissing, PGBOUNCER, PYTHON, problemWith, RUBY, versionIn } from './support/toolchain.ts'

test.each([
  ['Python 3.11.2\n', [3, 11]],
  ['ruby 3.1.2p20 (2022-04-12 revision 4491bb740a) [x86_64-linux-gnu]\n', [3, 1]],
  ['heroku/10.13.2 linux-x64 node-v22.14.0\n', [10, 13]],
  ['PgBouncer 1.18.0\nlibevent 2.1.12-stable\n', [1, 18]],
  ['no number at all', undefined],
])('the version in "%s" is read', (printed, version) => {
  expect(versionIn(printed)).toEqual(version)
})

test('a toolchain that is missing is named, with the package that brings it', () => {
  const toolchain = { ...PYTHON, program: 'no-such-program', debianPackage: 'no-such-package' }
  expect(problemWith(toolchain)).toBe(
    'no-such-program 3.8 or later is needed (Debian: apt-get install no-such-package); there is none.',
  )
})

test('a toolchain that is too old is named with both versions', () => {
  const version = process.version.slice(1).split('.').slice(0, 2).join('.')
  const node = { program: process.execPath, versionArgs: ['--version'], debianPackage: 'nodejs' }
  const [major = 0, minor = 0] = version.split('.').map(Number)
  expect(problemWith({ ...node, oldest: [major, minor] })).toBeUndefined()
  expect(problemWith({ ...node, oldest: [major - 1, minor + 1] })).toBeUndefined()
  expect(problemWith({ ...node, oldest: [major, minor + 1] })).toContain(`there is ${version}.`)
  expect(problemWith({ ...node, oldest: [major + 1, 0] })).toContain(`${major + 1}.0 or later is needed`)
})

describe.each([PYTHON, RUBY, PGBOUNCER, FAKETIME])('$program', (toolchain) => {
  test.skipIf(isMissing(toolchain))('says a version that will do', () => {
    expect(problemWith(toolchain)).toBeUndefined()
  })
})
