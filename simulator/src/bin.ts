#!/usr/bin/env node
import { systemNow } from './clock.ts'
import { type ProgramSettings, readProgramSettings } from './program-settings.ts'
import { createSimulator } from './simulator.ts'

/*
 * The simulator as a program of its own (see `--help`). Exit codes: 0 stopped as asked; 1 it could not start or stop;
 * 2 the settings are wrong.
 */
const request = readProgramSettings(process.argv.slice(2), process.env)
if ('help' in request) {
  process.stdout.write(request.help)
} else if ('problems' in request) {
  const problems = request.problems.map((problem) => `  - ${problem}\n`).join('')
  process.stderr.write(`The simulator was not started:\n${problems}See heroku-addon-simulator --help.\n`)
  process.exitCode = 2
} else {
  await run(request.settings).catch((error) => {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exit(1)
  })
}

async function run({ host, port, ...options }: ProgramSettings): Promise<void> {
  const simulator = createSimulator({ now: systemNow, ...options })
  const { url } = await simulator.listen({ host, port })
  process.stdout.write(
    `Heroku, with the add-on ${options.addon.id}, is simulated at ${url}: a page for people, and the APIs.\n` +
      `It calls the add-on's service at ${options.addon.baseUrl}\n`,
  )
  let stopping = false
  const stop = () => {
    // Whoever asks twice will not wait.
    if (stopping) process.exit(1)
    stopping = true
    simulator.close().then(
      () => process.exit(0),
      (error) => {
        process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}
