import { open } from 'node:fs/promises'

/** A line of a log that people should see: `trouble` for errors, else a warning. */
export type Complaint = { at: Date; trouble: boolean; text: string }

const WARN = 40
const ERROR = 50
const LARGEST_READ_BYTES = 65_536
/** A stack trace of something that is no JSON is shown line by line, up to this length each. */
const LONGEST_TEXT = 200

/** Reads what was added to a log file since the last call; a line that is not complete yet waits for its end. */
export function followLog(logFile: string): () => Promise<string[]> {
  let offset = 0
  let rest = Buffer.alloc(0)
  return async () => {
    const file = await open(logFile, 'r')
    try {
      const { buffer, bytesRead } = await file.read({
        buffer: Buffer.alloc(LARGEST_READ_BYTES),
        position: offset,
      })
      offset += bytesRead
      rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
    } finally {
      await file.close()
    }
    const end = rest.lastIndexOf('\n')
    const lines = rest.subarray(0, end + 1).toString()
    rest = rest.subarray(end + 1)
    return lines.split('\n').filter((line) => line !== '')
  }
}

/** The warning or error that a log line is, in short; undefined for every other line. `now` dates plain text. */
export function complaintIn(line: string, now: Date): Complaint | undefined {
  const entry = parse(line)
  // The service logs nothing but JSON, so plain text is a crash or a warning of Node itself.
  if (!entry) return { at: now, trouble: true, text: line.slice(0, LONGEST_TEXT) }
  const { level, msg, time, failure, err } = entry
  if (typeof level !== 'number' || level < WARN) return undefined
  const reason = typeof failure === 'string' ? failure : messageOf(err) || turnOf(entry)
  const text = `${typeof msg === 'string' ? msg : 'no message'}${reason ? `: ${reason}` : ''}`
  return {
    at: typeof time === 'number' ? new Date(time) : now,
    trouble: level >= ERROR,
    text: text.slice(0, LONGEST_TEXT),
  }
}

/** What a state became. */
function turnOf({ from, to }: Partial<Record<string, unknown>>): string {
  return typeof from === 'string' && typeof to === 'string' ? `${from} -> ${to}` : ''
}

function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return ''
  return String(error.message)
}

function parse(line: string): Partial<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
