import { expect, test } from 'vitest'
import { HELP, parseArguments } from '../../local/arguments.ts'

test('without arguments the stack runs until it is stopped', () => {
  expect(parseArguments([])).toEqual({ mode: 'run' })
})

test('--once runs one life; help wins over everything', () => {
  expect(parseArguments(['--once'])).toEqual({ mode: 'once' })
  expect(parseArguments(['--once', '--help'])).toEqual({ mode: 'help' })
  expect(parseArguments(['-h'])).toEqual({ mode: 'help' })
})

test.each(['--twice', 'once', '--once=yes', ''])('an argument that means nothing (%j) is named', (word) => {
  expect(parseArguments(['--once', word])).toEqual({ problem: `npm start does not know "${word}".` })
})

test('the help names every argument', () => {
  expect(HELP).toContain('--once')
  expect(HELP).toContain('--help')
})
