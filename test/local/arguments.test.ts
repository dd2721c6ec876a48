import { expect, test } from 'vitest'
import { HELP, parseArguments } from '../../local/arguments.ts'

test('without arguments the stack runs until it is stopped', () => {
  expect(parseArguments([])).toEqual({ mode: 'run', withLibrary: true, partnerApi: 'v3', isPrivate: false })
})

test('--once runs one life; help wins over everything', () => {
  expect(parseArguments(['--once'])).toEqual({
    mode: 'once',
    withLibrary: true,
    partnerApi: 'v3',
    isPrivate: false,
  })
  expect(parseArguments(['--once', '--help'])).toEqual({
    mode: 'help',
    withLibrary: true,
    partnerApi: 'v3',
    isPrivate: false,
  })
  expect(parseArguments(['-h'])).toEqual({
    mode: 'help',
    withLibrary: true,
    partnerApi: 'v3',
    isPrivate: false,
  })
})

test('--without-library is for a run that goes on: one life holds that nobody is logged out', () => {
  expect(parseArguments(['--without-library'])).toEqual({
    mode: 'run',
    withLibrary: false,
    partnerApi: 'v3',
    isPrivate: false,
  })
  expect(parseArguments(['--once', '--without-library'])).toEqual({
    problem: '--once checks that nobody is logged out, so --without-library is not for it.',
  })
})

test.each(['--twice', 'once', '--once=yes', ''])('an argument that means nothing (%j) is named', (word) => {
  expect(parseArguments(['--once', word])).toEqual({ problem: `npm start does not know "${word}".` })
})

test('--v1 runs it over the legacy partner API, also for one life', () => {
  expect(parseArguments(['--v1'])).toEqual({
    mode: 'run',
    withLibrary: true,
    partnerApi: 'v1',
    isPrivate: false,
  })
  expect(parseArguments(['--v1', '--once'])).toMatchObject({
    mode: 'once',
    partnerApi: 'v1',
    isPrivate: false,
  })
})

test('--private tells a story of its own, which ends with --once', () => {
  expect(parseArguments(['--private'])).toMatchObject({ mode: 'run', isPrivate: true })
  expect(parseArguments(['--private', '--once'])).toMatchObject({ mode: 'once', isPrivate: true })
  for (const other of ['--v1', '--without-library']) {
    expect(parseArguments([other, '--private'])).toEqual({
      problem: `--private tells one story, which has no room for ${other}.`,
    })
  }
})

test('the help names every argument', () => {
  expect(HELP).toContain('--once')
  expect(HELP).toContain('--without-library')
  expect(HELP).toContain('--v1')
  expect(HELP).toContain('--private')
  expect(HELP).toContain('--help')
})
