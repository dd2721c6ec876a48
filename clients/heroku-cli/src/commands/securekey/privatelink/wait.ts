import { ADDON, APP, SecurekeyCommand } from '../../../command/securekey-command.ts'
import { showWaiting, WAITING } from '../../../command/wait-flags.ts'
import { waitUntilOperational } from '../../../private-link/wait-until-operational.ts'

export default class Wait extends SecurekeyCommand {
  static override description = 'wait for the privatelink endpoint of an add-on securekey to be provisioned'
  static override examples = ['heroku securekey:privatelink:wait -a my-app --timeout 20m']
  static override args = { ...ADDON }
  static override flags = { ...APP, ...WAITING }

  async run(): Promise<void> {
    const { args, flags } = await this.typed(Wait)
    const { service } = await this.connect({ app: flags.app, addon: args.addon })
    await showWaiting('Waiting for the privatelink endpoint to be provisioned', flags, (waiting) =>
      waitUntilOperational(service, waiting, this.surroundings),
    )
  }
}
