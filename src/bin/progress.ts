/** Tells how far a long command is. */
export type Progress = { show: (text: string) => void; end: () => void }

const EVERY_ON_TERMINAL_MS = 200
const EVERY_ELSEWHERE_MS = 60_000

/** One line that is rewritten on a terminal; elsewhere a line a minute, so that a log is not flooded. */
export function createProgress(
  stream: { isTTY?: boolean; write: (text: string) => unknown },
  nowMs: () => number,
): Progress {
  const everyMs = stream.isTTY ? EVERY_ON_TERMINAL_MS : EVERY_ELSEWHERE_MS
  let shownAtMs = stream.isTTY ? Number.NEGATIVE_INFINITY : nowMs()
  let isLineOpen = false
  return {
    show(text) {
      if (nowMs() - shownAtMs < everyMs) return
      shownAtMs = nowMs()
      // Back to the start of the line, and what stood there is cleared (ECMA-48, EL).
      stream.write(stream.isTTY ? `\r\u001b[2K${text}` : `${text}\n`)
      isLineOpen = stream.isTTY === true
    },
    end() {
      if (isLineOpen) stream.write('\n')
      isLineOpen = false
    },
  }
}
