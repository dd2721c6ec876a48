import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Of these, a third is tried by `npm test` and the rest by `npm run test:outer` (test/engine/support/share.ts). */
const SHARED = ['test/engine/interleavings.test.ts', 'test/engine/kill-points.test.ts']
const share = process.env.ENGINE_SHARE

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    setupFiles: ['test/support/fixed-cases.ts'],
    // Vitest keeps one core free, which on a machine with two would leave one worker; tests wait more than they compute.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Nothing of ours is mocked and no module keeps what a test did, so a worker need not load it all anew for each file.
    isolate: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: ['test/outer/**'],
          env: { ENGINE_SHARE: share ?? 'third' },
        },
      },
      // Needs toolchains that do not come with `npm install`, or takes longer than anybody waits for before each change.
      {
        extends: true,
        test: {
          name: 'outer',
          include: ['test/outer/**/*.test.ts', ...SHARED],
          env: { ENGINE_SHARE: share ?? 'rest' },
        },
      },
    ],
    // A hung test must end by itself. No limit here is a claim about speed: a machine on which others work takes its time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // By the state of the system, not by the clock: looked at often, and given up late on a busy machine.
    expect: { poll: { interval: 5, timeout: 30_000 } },
    restoreMocks: true,
    // The programs that tests start load the same files hundreds of times.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('.local/compile-cache', import.meta.url)) },
  },
})
