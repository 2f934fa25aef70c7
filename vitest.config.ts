import { defineConfig } from 'vitest/config'

/** Promises in seconds: measured alone, as files beside them take the processor away. */
const timed = ['connector/test/history.e2e.test.ts']
/** How long a test waits for what must come. A slow machine may use it up; what must be quick is measured in its test. */
const expectPatiently = { poll: { timeout: 60_000 } }

// Rings: `unit` beside the code; `e2e` in processes of their own with real Baileys; `timed`, the same one by one.
export default defineConfig({
  test: {
    reporters: ['default', './scripts/checks/plain-summary.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{connector,functions,shared,scripts}/**/*.test.ts'],
          exclude: ['**/lint-fixtures/**', '**/*.e2e.test.ts'],
          pool: 'forks',
          globalSetup: ['./scripts/testing/mongo-setup.ts'],
          testTimeout: 60_000,
          expect: expectPatiently,
          maxWorkers: 2,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['{connector,functions,shared,scripts}/**/*.e2e.test.ts'],
          exclude: ['**/lint-fixtures/**', ...timed],
          pool: 'forks',
          globalSetup: ['./scripts/testing/mongo-setup.ts'],
          testTimeout: 300_000,
          expect: expectPatiently,
          hookTimeout: 180_000,
          // Most of them wait for a lease or an outage: four at once use what one would leave idle.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'timed',
          include: timed,
          pool: 'forks',
          globalSetup: ['./scripts/testing/mongo-setup.ts'],
          testTimeout: 300_000,
          expect: expectPatiently,
          hookTimeout: 180_000,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
