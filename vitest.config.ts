import { defineConfig } from 'vitest/config';

// Native code runs in child processes ("forks"): a crash fails one file, and each file starts with a fresh addon.
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts', 'demo/**/*.test.ts', 'train/**/*.test.ts', 'scripts/**/*.test.mjs'],
          exclude: [
            'test/serve/peer/**',
            'test/package/**',
            'test/nightly/**',
            'test/peers/**',
            'test/openslide/**',
            'test/bench/**',
            'test/competition/box/**',
            'test/kube/plane/**',
            'test/slurm/**',
            'test/nextflow/**',
            'test/storage/real/**',
            'test/pipeline/e2e/**',
          ],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        extends: true,
        test: { name: 'bench', include: ['test/bench/*.test.{ts,mjs}'] },
      },
      {
        extends: true,
        // Engines that start shards: each runs its tasks on all cores.
        test: {
          name: 'slurm',
          include: ['test/slurm/*.test.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'nextflow',
          include: ['test/nextflow/*.test.ts'],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'peers',
          include: ['test/peers/*.test.ts'],
          // Other programs use all cores themselves.
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'openslide',
          include: ['test/openslide/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'serve',
          include: ['test/serve/peer/*.test.ts'],
          // The server and its client take all cores.
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'storage',
          include: ['test/storage/real/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'pipeline',
          include: ['test/pipeline/e2e/*.test.ts'],
          // Two processes train at a time, on two cores.
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'package',
          include: ['test/package/*.test.ts'],
          // Each file installs packages; one at a time keeps two cores and the network honest.
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'competition',
          include: ['test/competition/box/*.test.ts'],
          exclude: ['test/competition/box/cores.test.ts'],
          // Every run takes all cores, as on the machine of the challenge.
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'kube',
          include: ['test/kube/plane/*.test.ts'],
          // One control plane for all files; each has a namespace of its own.
          globalSetup: ['test/kube/plane/support/global-setup.ts'],
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: { name: 'cores', include: ['test/competition/box/cores.test.ts'], testTimeout: 600_000 },
      },
    ],
  },
});
