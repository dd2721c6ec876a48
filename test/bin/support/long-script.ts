import { leftToDo, runLong } from '../../../src/bin/long-command.ts'

/** Does one thing and then waits to be stopped, for a minute at most. */
const text = await runLong({ what: 'Working', total: 3 }, async ({ signal, did }) => {
  did()
  process.stdout.write('one is done\n')
  const alive = setTimeout(() => {}, 60_000)
  await new Promise((resolve) => signal.addEventListener('abort', resolve))
  clearTimeout(alive)
  return leftToDo(2, { signal })
})
process.stdout.write(`${text}\n`)
