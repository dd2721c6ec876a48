// `npm run model`: checks the models of docs/model with spin, all of their states. First the full models, which must
// hold; then each model with one guard taken out, in which the named invariant must break. `--quick` leaves the guards
// out. The last line counts what came out as it should, and what did not.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

type Bounds = Readonly<Record<string, string | number>>
type Model = { name: string; file: 'protocol.pml' | 'liveness.pml'; bounds: Bounds }
/** A model without one guard, and the invariant that breaks in it. */
type Mutant = Model & { breaks: string }
/** `broken`: the invariant that does not hold, or null. `depth`: of the search, or the length of the counterexample. */
type Checked = { broken: string | null; depth: string; states: number; megabytes: number; seconds: number }

const FOLDER = resolve(import.meta.dirname, '..', 'docs', 'model')
const MEMORY_LIMIT_MB = 2900
const RUN_LIMIT_MS = 15 * 60_000

const SAFETY = ['-DSAFETY', '-DNOFAIR', '-DNOREDUCE', '-DSFH']
const LIVENESS = ['-DNFAIR=3', '-DNOREDUCE', '-DSFH']

const MODELS: readonly Model[] = [
  protocol('nothing is restored', { RESTORE: 'NEVER', DUES: 2 }),
  protocol('restored, rolled back', { RESTORE: 'WHOLE', FILLERS: 0 }),
  protocol('restored, fillers', { RESTORE: 'WHOLE', ROLLBACKS: 0 }),
  protocol('tables restored', { RESTORE: 'TABLES', ROLLBACKS: 0 }),
  protocol('one row put back', { RESTORE: 'ROW', ROLLBACKS: 0 }),
  protocol('two workers at once', { RESTORE: 'NEVER', ROLLBACKS: 0, FILLERS: 0, ZOMBIES: 1 }),
  liveness('served', { FAULTS: 2 }),
  liveness('served, rolled back', { FAULTS: 2, REVOKES: 0, ROLLBACKS: 1 }),
  liveness('served, restored', { FAULTS: 2, REVOKES: 0, RESTORE: 'WHOLE' }),
]

const NOTHING_RESTORED = { RESTORE: 'NEVER' }
const RESTORED = { RESTORE: 'WHOLE', ROLLBACKS: 0, FILLERS: 0 }
const ROLLED_BACK = { RESTORE: 'WHOLE', FILLERS: 0 }

const MUTANTS: readonly Mutant[] = [
  without('FENCE', NOTHING_RESTORED, 'two_currents'),
  without('REVISION', NOTHING_RESTORED, 'request_lost'),
  without('TAKEOVER', NOTHING_RESTORED, 'revoke_waits'),
  without('STORED_FIRST', NOTHING_RESTORED, 'unknown_overwritten'),
  without('SAME_KEY', NOTHING_RESTORED, 'in_use_dropped'),
  without('READ_BACK', NOTHING_RESTORED, 'needless_release'),
  without('SECOND_KEPT', NOTHING_RESTORED, 'in_use_dropped'),
  without('GRACE', NOTHING_RESTORED, 'dropped_early'),
  without('DUE_ONCE', NOTHING_RESTORED, 'dropped_early'),
  without('HALF_PERIOD', { ...NOTHING_RESTORED, DUES: 2 }, 'dropped_early'),
  without('ADOPTION', NOTHING_RESTORED, 'in_use_dropped'),
  without('PRESENT_RELEASE', NOTHING_RESTORED, 'in_use_dropped'),
  without('ASKED_LAST', NOTHING_RESTORED, 'in_use_dropped'),
  without('FRESH_KEYS', NOTHING_RESTORED, 'revoked_pushed'),
  without('LATE_CHECK', NOTHING_RESTORED, 'revoked_left'),
  without('LOOK_KEPT', NOTHING_RESTORED, 'revoked_left'),
  without('CALL_LIMIT', NOTHING_RESTORED, 'revoked_left'),
  without('EPOCH', RESTORED, 'unknown_overwritten'),
  without('EPOCH_IN_FENCE', RESTORED, 'current_not_stored'),
  without('ADOPT', RESTORED, 'unknown_overwritten'),
  without('ADOPT_DATE', RESTORED, 'dropped_early'),
  without('SETTLING', RESTORED, 'drift_left'),
  without('OLD_REVOKE_DOUBT', RESTORED, 'unknown_overwritten'),
  without('REVOKED_CHECK', ROLLED_BACK, 'revoked_left'),
  without('EPOCH_IN_NUMBERS', ROLLED_BACK, 'revoked_left'),
  without('REVOKED_IN_WITNESS', { ...ROLLED_BACK, DUES: 0 }, 'revoked_left'),
  without('PUSH_CONFIRMS', ROLLED_BACK, 'unknown_overwritten'),
  without('ADOPT_LOOK', { ...ROLLED_BACK, REVOKES: 0 }, 'drift_left'),
  without('FLOOR', { ...ROLLED_BACK, REVOKES: 0 }, 'newer_overwritten'),
  without('FOREIGN_STOPS', { RESTORE: 'TABLES', ROLLBACKS: 0 }, 'revoked_pushed'),
  without('LATE_DOUBT', { RESTORE: 'TABLES', ROLLBACKS: 0 }, 'revoked_pushed'),
  without('HISTORY_COMPARE', { RESTORE: 'ROW', ROLLBACKS: 0 }, 'revoked_pushed'),
  withoutInTime('LEASE_END', { PRESSES: 0, REVOKES: 0 }),
  withoutInTime('SLOW_LANE', { PRESSES: 0, REVOKES: 0 }),
  withoutInTime('CEILING', { REVOKES: 0 }),
  withoutInTime('PUT_BACK_WHILE_HELD', { REVOKES: 0, ROLLBACKS: 1, FAULTS: 1 }),
]

needs('spin', '-V')
needs('gcc', '--version')
const work = mkdtempSync(join(tmpdir(), 'securekey-model-'))
try {
  let passed = 0
  let failed = 0
  const count = (asItShould: boolean) => (asItShould ? passed++ : failed++)

  const widths = [22, 20, 7, 12, 8, 9]
  row(widths, ['model', 'broken', 'depth', 'states', 'MB', 'seconds'])
  for (const model of MODELS) {
    const { broken, depth, states, megabytes, seconds } = check(model, false)
    count(broken === null)
    row(widths, [model.name, broken ?? 'nothing', depth, states, megabytes, seconds.toFixed(1)])
  }
  if (!process.argv.includes('--quick')) {
    console.log()
    row([22, 22, 7, 12, 9], ['without', 'breaks', 'steps', 'states', 'seconds'])
    for (const mutant of MUTANTS) {
      const { broken, depth, states, seconds } = check(mutant, mutant.file === 'protocol.pml')
      count(broken === mutant.breaks)
      const note = broken === mutant.breaks ? '' : ` instead of ${mutant.breaks}`
      row([22, 22, 7, 12, 9], [mutant.name, (broken ?? 'nothing') + note, depth, states, seconds.toFixed(1)])
    }
  }
  console.log(`\n${passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
} finally {
  rmSync(work, { recursive: true, force: true })
}

function protocol(name: string, bounds: Bounds): Model {
  return { name, file: 'protocol.pml', bounds }
}

function liveness(name: string, bounds: Bounds): Model {
  return { name, file: 'liveness.pml', bounds }
}

function without(guard: string, bounds: Bounds, breaks: string): Mutant {
  return { ...protocol(`NO_${guard}`, { ...bounds, [`NO_${guard}`]: 1 }), breaks }
}

function withoutInTime(guard: string, bounds: Bounds): Mutant {
  return { ...liveness(`NO_${guard}`, { FAULTS: 2, ...bounds, [`NO_${guard}`]: 1 }), breaks: 'served' }
}

/** Goes through all states, or with `shortest` from the nearest to the farthest up to the first that is wrong. */
function check({ name, file, bounds }: Model, shortest: boolean): Checked {
  const startedAt = performance.now()
  const defines = Object.entries(bounds).map(([key, value]) => `-D${key}=${value}`)
  run('spin', ['-a', ...defines, join(FOLDER, file)])
  const mode = file === 'liveness.pml' ? LIVENESS : shortest ? [...SAFETY, '-DBFS'] : SAFETY
  run('gcc', ['-w', shortest ? '-O1' : '-O2', ...mode, `-DMEMLIM=${MEMORY_LIMIT_MB}`, '-o', 'pan', 'pan.c'])
  const found = run(join(work, 'pan'), [...(file === 'liveness.pml' ? ['-a', '-f'] : []), '-m1000000'])
  const seconds = (performance.now() - startedAt) / 1000
  const broken = brokenIn(found)
  if (broken === null && !isComplete(found))
    throw new Error(`${name}: the search was not completed\n${found}`)
  return {
    broken,
    depth: /\(at depth (\d+)\)/.exec(found)?.[1] ?? /depth reached (\d+)/.exec(found)?.[1] ?? '?',
    states: Number(/(\d+(?:\.\d+)?(?:e\+\d+)?) states, stored/.exec(found)?.[1]),
    megabytes: Math.round(Number(/([\d.]+)\s+total actual memory usage/.exec(found)?.[1])),
    seconds,
  }
}

function brokenIn(found: string): string | null {
  const [, name] = /assertion violated\s+!\((\w+)\)/.exec(found) ?? []
  if (name !== undefined) return name
  if (found.includes('pan:1: acceptance cycle')) return 'served'
  const [, other] = /pan:1: (.*)/.exec(found) ?? []
  return other ?? null
}

function isComplete(found: string): boolean {
  return (
    /errors: 0\b/.test(found) && !/Search not completed|max search depth too small|out of memory/.test(found)
  )
}

function run(command: string, args: string[]): string {
  const done = spawnSync(command, args, { cwd: work, encoding: 'utf8', timeout: RUN_LIMIT_MS })
  const output = `${done.stdout}${done.stderr}`
  if (done.error) throw done.error
  // A search that finds an error ends well all the same.
  if (done.status !== 0) throw new Error(`${command} ended with ${done.status ?? done.signal}\n${output}`)
  return output
}

function needs(command: string, argument: string): void {
  if (spawnSync(command, [argument]).error === undefined) return
  console.error(`${command} is not installed. On Debian: apt-get install spin gcc libc6-dev`)
  process.exit(2)
}

function row(widths: readonly number[], cells: readonly (string | number)[]): void {
  const texts = cells.map((cell, index) => {
    const text = typeof cell === 'number' ? cell.toLocaleString('en') : cell
    return index < 2 ? text.padEnd(widths[index] ?? 0) : text.padStart(widths[index] ?? 0)
  })
  console.log(texts.join(' '))
}
