import { readFile } from 'node:fs/promises'
import { complaintIn } from '../log-follower.ts'
import { type LifeToRun, runLife } from '../run-life.ts'
import { ensureApps } from '../scenario.ts'
import type { SessionOptions } from '../session.ts'
import type { Stack } from '../stack.ts'
import { type Aws, startAws } from './aws.ts'
import { signOnAsCommandLine } from './command-line.ts'
import { checkPrivateLink } from './life-of-a-link.ts'
import { checkRotationUnderOwnKey, checkWithdrawal } from './life-under-own-key.ts'
import { checkMoveToOwnKey } from './move-to-own-key.ts'
import { letTimePass } from './pass-time.ts'
import { heldPair, type PrivateLife } from './private-life.ts'

const FORTNIGHT_SECONDS = 12
const LIMIT_SECONDS = 180

/**
 * `npm start -- --private`: the life of an add-on in a private space beside a simulated AWS, checked, on data of its own.
 * With `once` it ends by itself; else it goes on until `signal`. Throws at the first broken promise.
 */
export async function runPrivate(session: SessionOptions, { once }: { once: boolean }): Promise<void> {
  const aws = await startAws()
  try {
    await runLife(session, lifeIn(aws, once))
  } finally {
    await aws.close()
  }
}

function lifeIn(aws: Aws, once: boolean): LifeToRun {
  return {
    heading:
      'securekey: the life of an add-on in a private space, beside a simulated AWS, checked step by step',
    remarks: [
      `A real fortnight is shortened to ${FORTNIGHT_SECONDS} s here. Minutes that the service waits for AWS are not waited for:`,
      'the dates of what it watches are put on, step by step, and it looks at each. Nothing here was run against AWS itself.',
    ],
    limitSeconds: LIMIT_SECONDS,
    settings: { fortnightSeconds: FORTNIGHT_SECONDS, aws: aws.environment },
    live: async (stack, { check, signal }, closers) => {
      const time = await letTimePass(stack.data.databaseUrl)
      closers.defer(() => time.close())
      await ensureApps(stack.simulator)
      const made = await checkMoveToOwnKey({ stack, aws, check, signal })
      const life = { stack, aws, time, check, signal, ...made }
      await checkRotationUnderOwnKey(life, 'under the key of the customer')
      await checkWithdrawal(life)
      const api = await signOnAsCommandLine(stack.simulator, life.addonId)
      await checkPrivateLink(life, api)
      if (once) await checkEnd(life)
    },
    ...(!once && {
      stay: ({ simulator }: Stack) => [
        `Heroku's page: ${simulator.url}`,
        'The dashboard: "Open dashboard" on that page.',
        'Ctrl-C stops everything.',
      ],
    }),
  }
}

/** Removing it needs no key of anybody, and nothing of it was logged. */
async function checkEnd({ stack, aws, check, addonId, arn }: PrivateLife): Promise<void> {
  const { simulator, observer, logFiles } = stack
  const shown = heldPair(stack).split(',')
  aws.setKey(arn, 'Disabled')
  await simulator.customer.destroy({ addon: addonId })
  check('deprovision: it works with a disabled key, and the config var is gone', heldPair(stack) === '')
  check('deprovision: every key is erased', (await observer.keysOf(addonId)).stored === 0)
  const logs = (await Promise.all(logFiles.map((file) => readFile(file, 'utf8')))).join('\n')
  check('the service logged no key', !shown.some((key) => logs.includes(key)))
  const secret = aws.environment.AWS_SECRET_ACCESS_KEY ?? ''
  check('the service did not log its access to AWS', secret !== '' && !logs.includes(secret))
  const lines = logs.split('\n').filter((line) => line !== '')
  const troubles = lines.filter((line) => complaintIn(line, new Date(0))?.trouble)
  check(`the service logged no error${troubles.map((line) => `\n  ${line}`).join('')}`, troubles.length === 0)
}
