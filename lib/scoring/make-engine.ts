/** Loads a model into an engine, on the first device that takes it. */

import { jobUnlessAborted, type Job } from '../core/cancel.js';
import { nativeJob } from '../core/errors.js';
import { checkGraphs } from '../model/check-graph.js';
import type { Model } from '../model/model.js';
import { specOf, type GraphSpec } from '../model/spec.js';
import { loadAddon, nameOnnxRuntime } from '../native/addon.js';
import type { NativeEngine, NativeEngineOptions } from '../native/contract.js';
import type { NativeDeviceRequest } from '../native/device-request.js';
import { deviceProbe } from '../native/gpu/driver-probe.js';
import { defaults } from '../options/defaults.js';
import type { ParsedScorerOptions, ParsedSlideScore } from '../options/score-options.js';
import { onDevice, type OnDevice } from './engine-device.js';

function closeLate(late: NativeEngine): void {
  late.close().catch(() => undefined);
}

/** The runtime's own view of the graphs is compared with the declaration too: it is the one that will run. */
function checkEngine(engine: NativeEngine, model: Model, o: ParsedSlideScore): void {
  const sizesPx = model.inputs.map(({ sizePx }) => o.tile?.size ?? sizePx);
  checkGraphs(specOf(model), sizesPx, engine.models, engine.headModels);
}

function engineGraphs(graphs: readonly GraphSpec[]): NativeEngineOptions['graphs'] {
  return graphs.map(({ path, sha256, weights }) => ({ graph: { path, sha256 }, weights }));
}

/** What an engine is made of: graphs, and whether the runtime sees them as they are declared. */
interface EngineParts {
  readonly path: string;
  readonly graphs: readonly GraphSpec[];
  readonly headGraphs: readonly GraphSpec[];
  readonly check: (engine: NativeEngine) => void;
}

/** How an engine is made. */
type EngineSettings = Pick<ParsedScorerOptions, 'runtime' | 'slide'>;

async function engineOf(
  { path, graphs, headGraphs, check }: EngineParts,
  { runtime, slide }: EngineSettings,
): Promise<OnDevice<NativeEngine>> {
  const addon = await loadAddon();
  nameOnnxRuntime(addon, runtime.onnxRuntimePath);
  const { threads, memoryBytes } = runtime;
  const files = { graphs: engineGraphs(graphs), headGraphs: engineGraphs(headGraphs) };
  const { signal } = slide;
  // The graphs as this device's runtime sees them are compared too: what it sees in another way is no fault of the model.
  const make = async (device: NativeDeviceRequest): Promise<NativeEngine> => {
    const request = { ...files, device, threads, memoryBytes };
    const start = (): Job<NativeEngine> => nativeJob(() => addon.createEngine(request), path);
    const engine = await jobUnlessAborted(signal, start, closeLate);
    try {
      check(engine);
      return engine;
    } catch (error) {
      closeLate(engine);
      throw error;
    }
  };
  const wish = { ...runtime, reproducible: slide.reproducible ?? defaults.reproducible };
  return onDevice(wish, deviceProbe(addon), make, { signal, notesOf: ({ notes }) => notes });
}

/** Throws what {@link onDevice} throws, and RUNTIME_MISSING. */
export async function makeEngine(model: Model, options: EngineSettings): Promise<OnDevice<NativeEngine>> {
  const { graphs, headGraphs } = specOf(model);
  const check = (engine: NativeEngine): void => checkEngine(engine, model, options.slide);
  return engineOf({ path: model.path, graphs, headGraphs, check }, options);
}

/** The same for a graph that nobody described. */
export async function makeGraphEngine(graph: GraphSpec, options: EngineSettings): Promise<OnDevice<NativeEngine>> {
  return engineOf({ path: graph.path, graphs: [graph], headGraphs: [], check: () => undefined }, options);
}
