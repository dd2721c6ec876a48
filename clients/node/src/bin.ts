#!/usr/bin/env node
import { check } from './check.ts'

// The program of the package: `npx securekey check`.
const { out, err, code } = check(process.argv.slice(2), process.env, Date.now)
process.stdout.write(out)
process.stderr.write(err)
process.exitCode = code
