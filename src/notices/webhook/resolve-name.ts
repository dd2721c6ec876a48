import { Resolver } from 'node:dns/promises'

/** The addresses of a name, IPv4 first; none where it does not exist. Rejects when no name server says anything. */
export type ResolveName = (name: string, signal: AbortSignal) => Promise<string[]>

const TRY_MS = 1_500
const TRIES = 2
const NONE = ['ENOTFOUND', 'ENODATA']

/**
 * Asks the name servers of this machine, or those given. Not by `dns.lookup`: that has four threads for the whole process,
 * so one slow name server of one customer would hold everybody up, and it reads the machine's own list of hosts.
 */
export function createResolveName({ servers }: { servers?: readonly string[] } = {}): ResolveName {
  return async (name, signal) => {
    signal.throwIfAborted()
    const resolver = new Resolver({ timeout: TRY_MS, tries: TRIES })
    if (servers) resolver.setServers(servers)
    const cancel = () => resolver.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    try {
      const asked = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
      signal.throwIfAborted()
      const found = asked.flatMap((each) => (each.status === 'fulfilled' ? each.value : []))
      const failed = asked.find((each) => each.status === 'rejected' && !NONE.includes(each.reason?.code))
      if (found.length === 0 && failed?.status === 'rejected') throw failed.reason
      return found
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }
}
