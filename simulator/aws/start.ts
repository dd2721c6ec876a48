import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { systemNow } from '../src/clock.ts'
import { createFakeAws } from './create-aws.ts'
import { CUSTOMER, exampleLines, nlbIn, REGIONS, SERVICE } from './example-lines.ts'

/*
 * AWS as a program of its own, on this machine alone, so that a person can play the customer with the AWS command line.
 * Exit codes: 0 stopped as asked; 1 it could not start; 2 the arguments are wrong.
 */
const HELP =
  'npm run aws -- [--port NUMBER]     AWS KMS and the PrivateLink part of EC2, simulated (port 4566)\n'
/** Long enough for a person to see what is pending. */
const DELAYS = { serviceMs: 5_000, endpointMs: 5_000 }

const asked = readArguments(process.argv.slice(2))
if (asked === 'help') process.stdout.write(HELP)
else if (asked === undefined) {
  process.stderr.write(HELP)
  process.exitCode = 2
} else {
  await run(asked).catch((error) => {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exit(1)
  })
}

/** The port that is asked for; undefined for what is not understood. */
function readArguments(words: readonly string[]): number | 'help' | undefined {
  try {
    const options = { port: { type: 'string' }, help: { type: 'boolean' } } as const
    const { port = '4566', help } = parseArgs({ args: [...words], options }).values
    if (help) return 'help'
    return /^[0-9]{1,5}$/.test(port) && Number(port) <= 65_535 ? Number(port) : undefined
  } catch {
    return undefined
  }
}

async function run(port: number): Promise<void> {
  const aws = createFakeAws({
    now: systemNow,
    random: randomBytes,
    credentials: [SERVICE, CUSTOMER],
    nlbs: REGIONS.map(nlbIn),
    delays: DELAYS,
  })
  const { url } = await aws.listen({ port })
  process.stdout.write(exampleLines(url))
  const stop = () => {
    aws.close().finally(() => process.exit(0))
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
}
