// `npm run model`: checks the models of docs/model with spin, all of their states. First the full models, which must
// hold; then each model with one guard taken out, in which the named invariant must break. `--quick` leaves the guards
// out. The last line counts what came out as it should, and what did not.
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Failure, failureLines } from './failures.ts'

type Bounds = Readonly<Record<string, string | number>>
type Model = { name: string; file: 'protocol.pml' | 'liveness.pml'; bounds: Bounds }
/** A model without one guard, and the invariant that breaks in it. */
type Mutant = Model & { breaks: string }
/** `broken`: the invariant that does not hold, or null. `depth`: of the search, or the length of the counterexample. */
type Checked = { broken: string | null; depth: string; states: number; megabytes: number; seconds: number }

const FOLDER = resolve(import.meta.dirname, '..', 'docs', 'model')
/** Two searches go on at once, so together they take at most 2 GB. */
const AT_ONCE = 2
const MEMORY_LIMIT_MB = 1000
const RUN_LIMIT_MS = 3 * 60_000

const SAFETY = ['-DSAFETY', '-DNOFAIR', '-DNOREDUCE', '-DSFH']
const LIVENESS = ['-DNFAIR=3', '-DNOREDUCE', '-DSFH']

const REVOKED_TWICE = { RESTORE: 'WHOLE', DUES: 0, PRESSES: 0, FILLERS: 0, REVOKES: 2 }
const PRESSED_TWICE = { FAULTS: 1, DUES: 0, PRESSES: 2, REVOKES: 0, ROLLBACKS: 1 }

/** A claim comes back with the database, and its worker goes on. */
const FALLEN = { RESTORE: 'WHOLE', ROLLBACKS: 0, FILLERS: 0, REVOKES: 0, PRESSES: 0, FENCES: 1 }

const MODELS: readonly Model[] = [
  protocol('nothing is restored', { RESTORE: 'NEVER', DUES: 2 }),
  protocol('restored, by hand', { RESTORE: 'WHOLE', ROLLBACKS: 0, FILLERS: 0 }),
  protocol('restored, rolled back', { RESTORE: 'WHOLE', FILLERS: 0, PRESSES: 0 }),
  protocol('restored, two revokes', REVOKED_TWICE),
  protocol('restored, fillers', { RESTORE: 'WHOLE', ROLLBACKS: 0, PRESSES: 0 }),
  protocol('tables restored', { RESTORE: 'TABLES', ROLLBACKS: 0 }),
  protocol('one row put back', { RESTORE: 'ROW', ROLLBACKS: 0 }),
  protocol('two workers at once', { RESTORE: 'NEVER', ROLLBACKS: 0, FILLERS: 0, ZOMBIES: 1 }),
  protocol('fallen under workers', FALLEN),
  liveness('served', { FAULTS: 2 }),
  liveness('served, rolled back', { FAULTS: 2, REVOKES: 0, ROLLBACKS: 1 }),
  liveness('served, restored', { FAULTS: 2, REVOKES: 0, PRESSES: 0, RESTORE: 'WHOLE' }),
  liveness('served, one fault', { FAULTS: 1, REVOKES: 0, RESTORE: 'WHOLE' }),
  liveness('served, pressed twice', PRESSED_TWICE),
]

const NOTHING_RESTORED = { RESTORE: 'NEVER' }
const RESTORED = { RESTORE: 'WHOLE', ROLLBACKS: 0, FILLERS: 0 }
const ROLLED_BACK = { RESTORE: 'WHOLE', FILLERS: 0, PRESSES: 0 }

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
  // As long as a doubtful push reads first, nothing breaks without it.
  without('LOOK_KEPT', { ...NOTHING_RESTORED, NO_NEAR_LOOK: 1 }, 'revoked_left'),
  without('CALL_LIMIT', NOTHING_RESTORED, 'revoked_left'),
  without('EPOCH', RESTORED, 'unknown_overwritten'),
  without('VERSION_IN_FENCE', FALLEN, 'current_not_stored'),
  without('FENCE_ONCE', FALLEN, 'current_not_stored'),
  without('ADOPT', RESTORED, 'unknown_overwritten'),
  without('ADOPT_DATE', RESTORED, 'dropped_early'),
  without('DOUBT_LOOK', RESTORED, 'drift_left'),
  without('NEAR_LOOK', RESTORED, 'in_use_dropped'),
  without('EARLY_DOUBT', RESTORED, 'in_use_dropped'),
  without('REVOKED_NUMBER', RESTORED, 'revoked_left'),
  without('OLD_REVOKE_DOUBT', RESTORED, 'unknown_overwritten'),
  without('REVOKED_CHECK', ROLLED_BACK, 'revoked_left'),
  without('EPOCH_IN_NUMBERS', REVOKED_TWICE, 'revoked_left'),
  without('REVOKED_IN_WITNESS', ROLLED_BACK, 'revoked_left'),
  without('PUSH_CONFIRMS', ROLLED_BACK, 'unknown_overwritten'),
  without('ADOPT_LOOK', ROLLED_BACK, 'drift_left'),
  without('FLOOR', { RESTORE: 'ROW', ROLLBACKS: 0 }, 'revoked_pushed'),
  without('FOREIGN_STOPS', { RESTORE: 'TABLES', ROLLBACKS: 0 }, 'revoked_pushed'),
  without('LATE_DOUBT', { RESTORE: 'TABLES', ROLLBACKS: 0 }, 'revoked_pushed'),
  without('HISTORY_COMPARE', { RESTORE: 'ROW', ROLLBACKS: 0 }, 'revoked_pushed'),
  withoutInTime('LEASE_END', { PRESSES: 0, REVOKES: 0 }),
  withoutInTime('SLOW_LANE', { PRESSES: 0, REVOKES: 0 }),
  withoutInTime('CEILING', { REVOKES: 0 }),
  withoutInTime('PUT_BACK_WHILE_HELD', PRESSED_TWICE),
]

needs('spin', '-V')
needs('gcc', '--version')
const work = mkdtempSync(join(tmpdir(), 'securekey-model-'))
try {
  let passed = 0
  const failures: Failure[] = []
  const count = (name: string, broken: string | null, wanted: string | null) => {
    if (broken === wanted) passed += 1
    else
      failures.push({
        name: `the model "${name}"`,
        text: `${broken ?? 'nothing'} broke instead of ${wanted ?? 'nothing'}`,
      })
  }

  const widths = [22, 20, 7, 12, 8, 9]
  row(widths, ['model', 'broken', 'depth', 'states', 'MB', 'seconds'])
  await eachChecked(MODELS, ({ name }, { broken, depth, states, megabytes, seconds }) => {
    count(name, broken, null)
    row(widths, [name, broken ?? 'nothing', depth, states, megabytes, seconds.toFixed(1)])
  })
  if (!process.argv.includes('--quick')) {
    console.log()
    const narrow = [22, 22, 7, 12, 8, 9]
    row(narrow, ['without', 'breaks', 'steps', 'states', 'MB', 'seconds'])
    await eachChecked(MUTANTS, ({ name, breaks }, { broken, depth, states, megabytes, seconds }) => {
      count(name, broken, breaks)
      const note = broken === breaks ? '' : ` instead of ${breaks}`
      row(narrow, [name, (broken ?? 'nothing') + note, depth, states, megabytes, seconds.toFixed(1)])
    })
  }
  console.log(`\nIn ${Math.round(performance.now() / 1000)} s:`)
  for (const line of failureLines(failures)) console.log(line)
  console.log(`${passed} passed, ${failures.length} failed`)
  process.exitCode = failures.length > 0 ? 1 : 0
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

/** Checks some at once, and tells of each in the order of the list. */
async function eachChecked<M extends Model>(
  models: readonly M[],
  tell: (model: M, checked: Checked) => void,
): Promise<void> {
  const checked: Checked[] = []
  let next = 0
  let told = 0
  const checkInTurn = async (): Promise<void> => {
    for (let index = next++; index < models.length; index = next++) {
      const model = models[index] as M
      checked[index] = await check(model, 'breaks' in model && model.file === 'protocol.pml')
      for (let done = checked[told]; done; done = checked[told]) tell(models[told++] as M, done)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, checkInTurn))
}

/** Goes through all states, or with `shortest` from the nearest to the farthest up to the first that is wrong. */
async function check({ name, file, bounds }: Model, shortest: boolean): Promise<Checked> {
  const startedAt = performance.now()
  const folder = mkdtempSync(join(work, 'model-'))
  const defines = Object.entries(bounds).map(([key, value]) => `-D${key}=${value}`)
  const mode = file === 'liveness.pml' ? LIVENESS : shortest ? [...SAFETY, '-DBFS'] : SAFETY
  const memory = `-DMEMLIM=${MEMORY_LIMIT_MB}`
  for (const [command, args] of [
    ['spin', ['-a', ...defines, join(FOLDER, file)]],
    ['gcc', ['-w', shortest ? '-O1' : '-O2', ...mode, memory, '-o', 'pan', 'pan.c']],
  ] as const) {
    const { output, ended } = await run(command, args, folder)
    if (ended === 'well') continue
    console.error(`${name}: ${output}`)
    return { broken: `${command} ${ended}`, depth: '?', states: 0, megabytes: 0, seconds: 0 }
  }
  const search = file === 'liveness.pml' ? ['-a', '-f'] : []
  const { output: found, ended } = await run(join(folder, 'pan'), [...search, '-m1000000'], folder)
  rmSync(folder, { recursive: true, force: true })
  const seconds = (performance.now() - startedAt) / 1000
  return {
    broken: brokenIn(found) ?? (ended === 'well' && isComplete(found) ? null : whyIncomplete(found, ended)),
    depth: /\(at depth (\d+)\)/.exec(found)?.[1] ?? /depth reached (\d+)/.exec(found)?.[1] ?? '?',
    states: Number(/(\d+(?:\.\d+)?(?:e\+\d+)?) states, stored/.exec(found)?.[1] ?? 0),
    megabytes: Math.round(Number(/([\d.]+)\s+total actual memory usage/.exec(found)?.[1] ?? 0)),
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

function whyIncomplete(found: string, ended: string): string {
  if (/MEMLIM|out of memory/.test(found)) return 'out of memory'
  return ended === 'well' ? 'not completed' : ended
}

/** `ended`: `well`, or how else. A search that finds an error ends well all the same. */
function run(
  command: string,
  args: readonly string[],
  folder: string,
): Promise<{ output: string; ended: string }> {
  return new Promise((done) => {
    const options = { cwd: folder, timeout: RUN_LIMIT_MS }
    execFile(command, args, options, (error, stdout, stderr) => {
      const ended = !error
        ? 'well'
        : error.killed
          ? 'out of time'
          : `ended with ${error.code ?? error.signal}`
      done({ output: `${stdout}${stderr}`, ended })
    })
  })
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
