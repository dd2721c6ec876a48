/*
 * Loaded before a process of the service (`node --import`). Its standard input is a pipe from `npm start`, which
 * closes when that ends, even by `kill -9`; then the process ends itself as Heroku would end it, and no orphan stays.
 */
process.stdin.on('end', end).on('error', end)
process.stdin.resume()
// Listening to it must not keep alive a process that is done.
if ('unref' in process.stdin && typeof process.stdin.unref === 'function') process.stdin.unref()

function end(): void {
  process.kill(process.pid, 'SIGTERM')
}
