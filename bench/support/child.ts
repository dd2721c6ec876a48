import { fork } from 'node:child_process'
import { once } from 'node:events'

/** A bench's helper process. It ends with this one, since it ends when the channel between them closes. */
export type Child<Ready> = {
  pid: number
  /** What the child said when it was ready. */
  ready: Ready
  ask: <Answer>(question: unknown) => Promise<Answer>
  stop: () => Promise<void>
}

/** What a child says: the answer to the question of that number, or what went wrong. Ready is the answer to none. */
type Message = { to: number; answer?: unknown; error?: string }

/** Starts `module` (it calls `serveParent`) with an order, and waits until it is ready. */
export async function startChild<Ready>(
  module: URL,
  order: unknown,
  nodeFlags: readonly string[] = [],
): Promise<Child<Ready>> {
  // Log lines are written as in production, and go nowhere.
  const child = fork(module, [JSON.stringify(order)], {
    serialization: 'advanced',
    execArgv: [...process.execArgv, ...nodeFlags],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let questions = 0

  child.on('message', (message: Message) => {
    const asker = waiting.get(message.to)
    waiting.delete(message.to)
    if (message.error === undefined) asker?.resolve(message.answer)
    else asker?.reject(new Error(message.error))
  })
  child.on('exit', (code) => {
    for (const asker of waiting.values()) asker.reject(new Error(`${module.pathname} ended with ${code}`))
  })
  const answerTo = (number: number) =>
    new Promise<unknown>((resolve, reject) => {
      waiting.set(number, { resolve, reject })
    })

  const ready = (await answerTo(0)) as Ready
  return {
    pid: child.pid ?? 0,
    ready,
    async ask<Answer>(question: unknown) {
      questions += 1
      const answer = answerTo(questions)
      child.send({ number: questions, question })
      return (await answer) as Answer
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      if (child.connected) child.disconnect()
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await ended
      clearTimeout(timer)
    },
  }
}

/** The child's side: prepares itself by the order, says that it is ready, then answers one question after another. */
export async function serveParent<Order, Question>(
  prepare: (order: Order) => Promise<{
    ready?: unknown
    answer: (question: Question) => Promise<unknown>
    close?: () => Promise<void>
  }>,
): Promise<void> {
  const say = (message: Message) => process.send?.(message)
  try {
    const { ready, answer, close } = await prepare(JSON.parse(process.argv[2] ?? 'null'))
    process.on('disconnect', () => {
      setTimeout(() => process.exit(0), 5_000).unref()
      void (close?.() ?? Promise.resolve()).finally(() => process.exit(0))
    })
    process.on('message', ({ number, question }: { number: number; question: Question }) => {
      answer(question).then(
        (value) => say({ to: number, answer: value }),
        (error: unknown) => say({ to: number, error: describe(error) }),
      )
    })
    say({ to: 0, answer: ready })
  } catch (error) {
    say({ to: 0, error: describe(error) })
    process.exitCode = 1
    process.disconnect()
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
