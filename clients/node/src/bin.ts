#!/usr/bin/env node
import { randomBytes } from 'node:crypto'
import { check } from './check.ts'

// The program of the package: `npx securekey check` and `npx securekey new`.
const { out, err, code } = await check(process.argv.slice(2), process.env, Date.now, randomBytes)
process.stdout.write(out)
process.stderr.write(err)
process.exitCode = code
