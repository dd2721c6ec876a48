import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { procfileCommand } from '../../local/procfile.ts'

test.each(['release', 'web', 'worker'])(
  'the process %s of our Procfile is found and runs on this very node',
  (type) => {
    const procfile = readFileSync(new URL('../../Procfile', import.meta.url), 'utf8')
    const { program, args } = procfileCommand(procfile, type)
    expect(program).toBe(process.execPath)
    expect(args.at(-1)).toMatch(/^src\/bin\/[a-z]+\.ts$/)
    expect(args.slice(0, -1)).toEqual(type === 'release' ? [] : ['--disable-sigusr1'])
  },
)

test('arguments are kept, another program than node is left alone', () => {
  expect(procfileCommand('a: x\nb:  tool  --flag=1 sub ', 'b')).toEqual({
    program: 'tool',
    args: ['--flag=1', 'sub'],
  })
})

test('a missing process, and a command for which a shell would be needed, are refused', () => {
  expect(() => procfileCommand('web: node a.ts', 'worker')).toThrow('names no process "worker"')
  expect(() => procfileCommand('webs: node a.ts', 'web')).toThrow('names no process "web"')
  expect(() => procfileCommand('web: node a.ts && node b.ts', 'web')).toThrow('needs a shell')
  expect(() => procfileCommand('web: node $FILE', 'web')).toThrow('needs a shell')
})
