import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { removeFolder } from './remove-folder.ts'

test('a folder is removed although a program that has not quite ended still writes to it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'still-written-'))
  const write = 'echo begun; i=0; while [ $i -lt 200 ]; do mkdir -p "$0/$i/a"; i=$((i + 1)); done'
  const writer = spawn('/bin/sh', ['-c', write, folder], { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(writer, 'exit')
  await once(writer.stdout, 'data')
  await removeFolder(folder)
  await ended
  // What it may have made anew after that.
  await removeFolder(folder)
  expect(existsSync(folder)).toBe(false)
})
