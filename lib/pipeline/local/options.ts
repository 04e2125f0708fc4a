/** Options of a local run, and what comes of it. */
import type { PipelineIr } from '../ir/types.js';
import type { LocalImages } from './images.js';
import type { LocalSecrets } from './secrets.js';

/** What happens while a pipeline runs. */
export interface LocalEvent {
  readonly step: string;
  /** `note`: something that the user should know. */
  readonly state: 'started' | 'finished' | 'skipped' | 'retry' | 'note';
  readonly text: string;
}

/** Options of {@link runPipelineLocally}. */
export interface LocalRunOptions {
  readonly pipeline: PipelineIr;
  /** The folder of the run: volumes, artifacts, logs, state. A run in the same folder goes on. */
  readonly folder: string;
  /** Commands that stand for the images: `readImages`. */
  readonly images: LocalImages;
  /** Values of parameters, in place of their defaults. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
  /** Values that stand for the Secrets of the cluster: `readSecrets`. @defaultValue none */
  readonly secrets?: LocalSecrets | undefined;
  /** Variables of every process: `PATH` at least, where the map of images has programs without a path. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Is told what happens, as it happens. */
  readonly onEvent?: ((event: LocalEvent) => void) | undefined;
  /** Called when all steps are done, while the services that were deployed still run. */
  readonly onServices?: ((services: readonly LocalService[]) => Promise<void>) | undefined;
}

/** A service that a step deployed. */
export interface LocalService {
  readonly name: string;
  readonly url: string;
}

/** What became of one step. */
export interface LocalStep {
  readonly name: string;
  /** `skipped`: an earlier run in this folder had the same inputs, and its outputs are still there. */
  readonly state: 'finished' | 'skipped';
  readonly tries: number;
  readonly elapsedMs: number;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Paths of its artifacts. */
  readonly artifacts: Readonly<Record<string, string>>;
  readonly log: string;
}

/** What became of a run. */
export interface LocalRun {
  readonly run: string;
  readonly folder: string;
  /** In the order in which they ran. */
  readonly steps: readonly LocalStep[];
  /** Values that all parameters had. */
  readonly parameters: Readonly<Record<string, unknown>>;
}
