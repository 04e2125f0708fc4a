/** Starts the control plane and the operators once for all files, and ends them in whatever way the tests end. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { dataDir } from '../../../support/data.js';
import type { Connection } from './api.js';
import { startControlPlane, type ControlPlane } from './control-plane.js';
import { addCrds, addManager, addTrainingOperator } from './operators.js';

declare module 'vitest' {
  interface ProvidedContext {
    readonly connection: Connection;
    readonly kubeconfig: string;
    /** Folder with the logs of all programs of the control plane. */
    readonly planeFolder: string;
    /** Folder of the programs. */
    readonly programs: string;
    /** Whether the API server knows the kinds of KServe and Katib, whose CRDs are not in the repository. */
    readonly hasServing: boolean;
  }
}

let plane: ControlPlane | null = null;

export async function setup(project: TestProject): Promise<void> {
  const programs = process.env['MICROTOME_KUBE_PROGRAMS'];
  if (programs === undefined)
    throw new Error('MICROTOME_KUBE_PROGRAMS is not set: start these tests by npm run test:kube');
  const serving = join(dataDir ?? '', 'crds');
  const hasServing = dataDir !== null && existsSync(serving);
  plane = await startControlPlane(programs);
  try {
    await addCrds(plane.api, join(programs, 'crds'));
    if (hasServing) await addCrds(plane.api, serving, /^(?:experiments|inferenceservices|servingruntimes)-/);
    await addTrainingOperator(plane);
    await addManager(plane, 'jobset-controller');
    await addManager(plane, 'trainer-controller-manager');
  } catch (error) {
    await teardown();
    throw error;
  }
  project.provide('connection', plane.connection);
  project.provide('kubeconfig', plane.kubeconfig);
  project.provide('planeFolder', plane.folder);
  project.provide('programs', programs);
  project.provide('hasServing', hasServing);
}

export async function teardown(): Promise<void> {
  await plane?.stop();
  plane = null;
}
