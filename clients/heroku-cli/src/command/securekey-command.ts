import { confirmCommand, styledJSON } from '@heroku/heroku-cli-util/hux'
import { Command, flags } from '@heroku-cli/command'
import * as Args from '@oclif/core/args'
import type { CommandError, InferredArgs, InferredFlags } from '@oclif/core/interfaces'
import { ux } from '@oclif/core/ux'
import { type FoundAddon, findAddon, NothingNamedError } from '../heroku/find-addon.ts'
import { herokuOf } from '../heroku/heroku.ts'
import { askForSignOn } from '../heroku/sign-on-form.ts'
import { ProblemError } from '../service/problem.ts'
import { sendRequest } from '../service/request.ts'
import { createService, type Service } from '../service/service.ts'
import { signOnOnce } from '../service/sign-on.ts'
import { SURROUNDINGS } from '../surroundings.ts'

/** What was typed, by the flags and arguments that a command declares. */
type Parsed<T extends Declared> = { flags: InferredFlags<T['flags']>; args: InferredArgs<T['args']> }
type Declared = { flags: object; args: object }

export const ADDON = {
  addon: Args.string({
    description: 'name or id of the add-on, or name of an attachment; needed where the app has several',
  }),
}
export const APP = { app: flags.app(), remote: flags.remote() }
export const JSON_FLAG = { json: flags.boolean({ char: 'j', description: 'output in json format' }) }
export const CONFIRM = {
  confirm: flags.string({ char: 'c', description: 'set to app name to bypass confirm prompt' }),
}

const USAGE = 2
const REFUSED = 1

/** What all commands share: which add-on is meant, the sign-on, confirmation, and the exit codes. */
export abstract class SecurekeyCommand extends Command {
  protected readonly surroundings = SURROUNDINGS
  private isReading = false

  /** The add-on that is meant, and its service, to which the command signs on at its first request. */
  protected async connect(named: {
    app: string | undefined
    addon: string | undefined
  }): Promise<{ addon: FoundAddon; service: Service; now: Date }> {
    const heroku = herokuOf(this.heroku)
    const addon = await findAddon(heroku, named)
    const { surroundings } = this
    const version = this.config.plugins.get('heroku-securekey')?.version ?? '0'
    const options = { send: sendRequest, userAgent: `heroku-securekey/${version}`, surroundings }
    const service = createService({
      ...options,
      signOn: () => signOnOnce(() => askForSignOn(heroku, addon), addon.id, options),
    })
    return { addon, service, now: surroundings.now() }
  }

  /** Returns once the name of the app was typed, or given by `--confirm`. Says first what happens. */
  protected async confirmed(
    app: string,
    confirmation: string | undefined,
    sentences: readonly string[],
  ): Promise<void> {
    const warningMessage = ['Destructive Action', ...sentences].join('\n')
    if (!confirmation && !process.stdin.isTTY) {
      ux.warn(warningMessage)
      throw new Error(`Nobody is there to confirm this. Re-run this command with --confirm ${app}. Aborted.`)
    }
    // A prompt comes with the warning; who gave the name already is told all the same.
    if (confirmation) for (const sentence of sentences) ux.stderr(sentence)
    await confirmCommand({ comparison: app, warningMessage, ...(confirmation && { confirmation }) })
  }

  /**
   * Sends a request that may end keys before their time. Where the service asks first, so does this, and sends it once more
   * with what confirms it.
   */
  protected async confirmingEnds<T>(
    app: string,
    confirmation: string | undefined,
    send: (confirm: { confirm?: string }) => Promise<T>,
  ): Promise<T> {
    try {
      return await send({})
    } catch (error) {
      if (!(error instanceof ProblemError) || !error.asks) throw error
      const { confirm, ends } = error.asks
      await this.confirmed(app, confirmation, ends)
      return await send({ confirm })
    }
  }

  /** Shows on stderr that something is under way, until it is done. */
  protected async during<T>(what: string, work: () => Promise<T>): Promise<T> {
    ux.action.start(what)
    try {
      const result = await work()
      ux.action.stop()
      return result
    } catch (error) {
      ux.action.stop('!')
      throw error
    }
  }

  protected printJson(answer: unknown): void {
    styledJSON(answer)
  }

  /** What was typed, as the command declares it. */
  protected async typed<T extends Declared>(command: T): Promise<Parsed<T>> {
    this.isReading = true
    const parsed: Parsed<T> = await this.parse(command)
    this.isReading = false
    return parsed
  }

  /** Refuses what was typed. */
  protected usage(message: string): never {
    this.isReading = true
    throw new Error(message)
  }

  /** 2 for what was typed wrongly, as oclif has it; 1 for whatever was refused or failed. */
  protected override async catch(error: CommandError): Promise<unknown> {
    const isUsage = this.isReading || error instanceof NothingNamedError || isNotAllowed(error)
    const coded: CommandError & { code?: unknown; oclif?: { exit?: number } } = error
    if (coded.code !== 'EEXIT') coded.oclif = { ...coded.oclif, exit: isUsage ? USAGE : REFUSED }
    return await super.catch(coded)
  }
}

/** The service does not know a value that was typed, such as a grace period of `abc`. */
function isNotAllowed(error: unknown): boolean {
  return error instanceof ProblemError && error.problem === 'invalid-option'
}
