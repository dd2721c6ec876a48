/** Program and arguments of one line of a Procfile. */
export type Command = { program: string; args: string[] }

/**
 * The command of a process type, split at blanks as a shell would do with words this plain. Throws for a type that
 * the Procfile lacks, and for a command that needs a real shell: without one there is nothing between us and the
 * process that could swallow a signal.
 */
export function procfileCommand(procfile: string, type: string): Command {
  const line = procfile.split('\n').find((candidate) => candidate.startsWith(`${type}:`))
  const text = line?.slice(type.length + 1).trim()
  if (!text) throw new Error(`The Procfile names no process "${type}".`)
  if (/[^\w\s./:=@-]/.test(text))
    throw new Error(`The command of "${type}" in the Procfile needs a shell: ${text}`)
  const [program = '', ...args] = text.split(/\s+/)
  // The very node that runs this: another one may come first in PATH.
  return { program: program === 'node' ? process.execPath : program, args }
}
