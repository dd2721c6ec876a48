const LONGEST_ADDRESS = 254
const LONGEST_LOCAL_PART = 64
/** What stands before the @ without quotes (RFC 5322, dot-atom). */
const LOCAL_PART = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/
/** Letters of any script; the rest is for `URL` to judge, which nothing else may reach. */
const DOMAIN_AS_TYPED = /^[\p{L}\p{M}\p{N}.-]+$/u
/** Labels of letters, digits and hyphens, at least two, the last of which is no number. */
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?![0-9]+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * One plain mail address, or what is wrong with the text in words that somebody can act on. Names, lists, comments, quoted
 * forms and domains in brackets are none. A domain in letters of any script becomes its ASCII form (IDNA); before the @
 * only ASCII is taken, since many mail servers deliver nothing else.
 */
export function readMailAddress(text: string): { address: string } | { problem: string } {
  const typed = text.trim()
  const at = typed.lastIndexOf('@')
  const [local, domain] = [typed.slice(0, Math.max(at, 0)), asciiDomain(typed.slice(at + 1))]
  const address = `${local}@${domain}`
  const fits = at > 0 && LOCAL_PART.test(local) && local.length <= LONGEST_LOCAL_PART && domain !== undefined
  if (!fits || address.length > LONGEST_ADDRESS) {
    return {
      problem:
        'Give one mail address, such as ann@example.com, without a name, quotes or letters before the @ that are not ASCII.',
    }
  }
  return { address }
}

/** The host of a URL is made ASCII by the rules of IDNA (WHATWG URL, host parsing). */
function asciiDomain(typed: string): string | undefined {
  if (typed.length > LONGEST_ADDRESS || !DOMAIN_AS_TYPED.test(typed)) return undefined
  const url = `http://${typed}/`
  const domain = URL.canParse(url) ? new URL(url).hostname : ''
  return DOMAIN.test(domain) ? domain : undefined
}

/** An address for the history and for programs: enough to know one's own again, too little to write to. */
export function maskedAddress(address: string): string {
  const at = address.lastIndexOf('@')
  const [first = ''] = address
  return `${first}…${address.slice(at)}`
}

/**
 * The mailbox that an address most likely leads to: without capitals, dots and what stands behind a plus. Limits are counted
 * by it, so that nobody is written to under many spellings. It may be another's: it is never written to.
 */
export function likelyMailbox(address: string): string {
  const at = address.lastIndexOf('@')
  const [local, domain] = [address.slice(0, at).toLowerCase(), address.slice(at)]
  const mailbox = local.replace(/(?!^)\+.*$/, '').replaceAll('.', '')
  return `${mailbox}${domain.toLowerCase()}`
}
