import { defineConfig } from 'vitest/config'

// Three rings: `unit` beside the code, `e2e` in processes of their own with real Baileys.
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
          maxWorkers: 2,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['{connector,functions,shared,scripts}/**/*.e2e.test.ts'],
          exclude: ['**/lint-fixtures/**'],
          pool: 'forks',
          globalSetup: ['./scripts/testing/mongo-setup.ts'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          // Most of them wait for a lease or an outage: four at once use what one would leave idle.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
