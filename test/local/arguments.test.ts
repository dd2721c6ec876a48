import { expect, test } from 'vitest'
import { HELP, parseArguments } from '../../local/arguments.ts'

test('without arguments the stack runs until it is stopped', () => {
  expect(parseArguments([])).toEqual({ mode: 'run', withLibrary: true })
})

test('--once runs one life; help wins over everything', () => {
  expect(parseArguments(['--once'])).toEqual({ mode: 'once', withLibrary: true })
  expect(parseArguments(['--once', '--help'])).toEqual({ mode: 'help', withLibrary: true })
  expect(parseArguments(['-h'])).toEqual({ mode: 'help', withLibrary: true })
})

test('--without-library is for a run that goes on: one life holds that nobody is logged out', () => {
  expect(parseArguments(['--without-library'])).toEqual({ mode: 'run', withLibrary: false })
  expect(parseArguments(['--once', '--without-library'])).toEqual({
    problem: '--once checks that nobody is logged out, so --without-library is not for it.',
  })
})

test.each(['--twice', 'once', '--once=yes', ''])('an argument that means nothing (%j) is named', (word) => {
  expect(parseArguments(['--once', word])).toEqual({ problem: `npm start does not know "${word}".` })
})

test('the help names every argument', () => {
  expect(HELP).toContain('--once')
  expect(HELP).toContain('--without-library')
  expect(HELP).toContain('--help')
})
