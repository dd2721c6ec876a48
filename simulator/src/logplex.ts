import { gunzipSync } from 'node:zlib'
import { credentialIn } from './credentials.ts'
import type { Answer, Call, Endpoint } from './endpoint.ts'
import type { Heroku } from './heroku.ts'
import { timestamp } from './heroku.ts'
import { HerokuError, unauthorized } from './heroku-error.ts'
import type { LogLine } from './log-line.ts'
import type { Attachment } from './world.ts'

const CONTENT_TYPES = ['application/logplex-1', 'application/x-logplex-1']
const FRAME = /^<(\d{1,3})>1 (\S+) (\S+) (\S+) (\S+) (\S+) (?:-|\[.*?\])(?: ([\s\S]*))?$/

/** Where the service writes to an app's log (Add-on Partner Log Integration): 204, 400 malformed, 401 bad token. */
export function logplexEndpoints(heroku: Heroku): Endpoint[] {
  return [{ method: 'POST', url: '/logs', access: 'logplex', answer: (call) => takeLogs(heroku, call) }]
}

/** The attachment whose log input URL carries this password. */
export function attachmentWithLogToken(heroku: Heroku, token: string): Attachment | undefined {
  return heroku.world.attachments.values().find(({ logToken }) => logToken === token)
}

/** The frames of a body, one text each; a LEN that does not count the bytes is refused. */
function splitFrames(body: Buffer): string[] {
  const frames: string[] = []
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(' ', at)
    const length = space === -1 ? '' : body.subarray(at, space).toString('latin1')
    if (!/^[1-9]\d{0,6}$/.test(length)) throw malformed(`no frame length at byte ${at}`)
    const end = space + 1 + Number(length)
    if (end > body.length)
      throw malformed(`frame at byte ${at} announces ${length} bytes, ${body.length - space - 1} follow`)
    frames.push(body.subarray(space + 1, end).toString())
    at = end
  }
  return frames
}

function takeLogs(heroku: Heroku, call: Call): Answer {
  const attachment = attachmentWithLogToken(heroku, credentialIn(call.headers.authorization) ?? '')
  if (attachment === undefined) throw unauthorized('Bad log token.')
  const type = call.headers['content-type']?.split(';', 1)[0]?.trim() ?? ''
  if (!CONTENT_TYPES.includes(type)) throw malformed(`content type ${type || 'missing'}`)
  if (call.headers['content-length'] === undefined) throw malformed('Content-Length is required')
  const frames = splitFrames(bodyOf(call))
  const count = call.headers['logplex-msg-count']
  if (count !== undefined && count !== String(frames.length)) throw malformed('Message count mismatch')
  const lines = frames.map((frame) => readFrame(heroku, attachment, frame))
  for (const line of lines) {
    heroku.logs.push(line)
    const { app, addon, addonId, text } = line
    heroku.events.emit({ type: 'log', app, addon, addonId, text })
  }
  return { status: 204, body: undefined }
}

function readFrame(heroku: Heroku, attachment: Attachment, frame: string): LogLine {
  const match = FRAME.exec(frame)
  if (match === null) throw malformed('a frame is not an RFC 5424 message')
  const [, priority = '', time = '', host = '', source = '', process = '', messageId = '', text = ''] = match
  if (Number.isNaN(Date.parse(time))) throw malformed(`time ${time}`)
  const { addons, apps } = heroku.world
  return {
    at: timestamp(heroku),
    addon: addons.get(attachment.addonId)?.name ?? '',
    addonId: attachment.addonId,
    app: apps.get(attachment.appId)?.name ?? '',
    priority: Number(priority),
    time,
    host,
    source,
    process,
    messageId,
    text: text.replace(/\n$/, ''),
  }
}

function bodyOf(call: Call): Buffer {
  if (call.headers['content-encoding'] !== 'gzip') return call.raw
  try {
    return gunzipSync(call.raw)
  } catch {
    throw malformed('the body is not gzip')
  }
}

function malformed(reason: string): HerokuError {
  return new HerokuError(400, 'bad_request', `Malformed log input: ${reason}.`)
}
