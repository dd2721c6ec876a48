import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { RUBY_CLIENT } from './minitest.ts'

const ANSWER_LIMIT_MS = 60_000

type Asked = { path?: string; cookies?: Record<string, string>; ask_at?: number; pass?: number }
export type Said = {
  says: string
  cookies: Record<string, string>
  kid: string
  refresh: Record<string, unknown>
}

/** The app of `clients/ruby/test/support/rack_app.rb` in a process of its own, with these variables. */
export function startRubyApp(variables: Record<string, string>, options: Record<string, unknown>) {
  const process = spawn(
    'ruby',
    ['-I', `${RUBY_CLIENT}lib`, '-I', `${RUBY_CLIENT}test`, `${RUBY_CLIENT}test/support/rack_app.rb`],
    {
      env: { PATH: globalThis.process.env.PATH, ...variables, APP_OPTIONS: JSON.stringify(options) },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  const lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]()
  const timer = setTimeout(() => process.kill('SIGKILL'), ANSWER_LIMIT_MS)
  return {
    ask: async (asked: Asked): Promise<Said> => {
      timer.refresh()
      process.stdin.write(`${JSON.stringify(asked)}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error('the app has ended')
      return JSON.parse(value)
    },
    stop: () => {
      clearTimeout(timer)
      process.kill('SIGKILL')
    },
  }
}
