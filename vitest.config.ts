import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    // Vitest keeps one core free, which on a machine with two would leave one worker; tests wait more than they compute.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Nothing of ours is mocked and no module keeps what a test did, so a worker need not load it all anew for each file.
    isolate: false,
    projects: [
      { extends: true, test: { name: 'tests', include: ['test/**/*.test.ts'], exclude: ['test/outer/**'] } },
      // Needs toolchains that do not come with `npm install`.
      { extends: true, test: { name: 'outer', include: ['test/outer/**/*.test.ts'] } },
    ],
    // A hung test must end by itself; no test here waits for real time.
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // By the state of the system, not by the clock: looked at often, and given up late on a busy machine.
    expect: { poll: { interval: 5, timeout: 10_000 } },
    restoreMocks: true,
  },
})
