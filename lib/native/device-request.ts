/** What the addon is told of the device that an engine runs on, and what it says of the GPUs of the machine. */

/** The kinds of devices that a model can run on. */
export type DeviceKind = 'cpu' | 'cuda' | 'tensorrt' | 'plugin';

/** Mirrors engine::DeviceRequest. All paths are absolute; an empty one stands for none. */
export interface NativeDeviceRequest {
  readonly kind: DeviceKind;
  /** GPUs by the number that the driver gives them; empty for a CPU or a plug-in. */
  readonly ordinals: readonly number[];
  /** Convolutions are chosen by rule and not by trial. */
  readonly reproducible: boolean;
  readonly tf32: boolean;
  readonly fp16: boolean;
  readonly cudaGraph: boolean;
  readonly decode: 'auto' | 'cpu' | 'nvjpeg';
  /** Of ONNX Runtime on each GPU, in bytes; 0: none. */
  readonly memoryLimitBytes: number;
  readonly engineCache: string;
  /** libcuda.so.1; empty: the loader looks for it. */
  readonly driver: string;
  readonly nvjpeg: string;
  /** The ONNX Runtime that has the provider. */
  readonly runtime: string;
  /** The provider and libonnxruntime_providers_shared.so. */
  readonly providerFiles: readonly string[];
  /** What the provider needs, each after what it needs itself. */
  readonly preload: readonly string[];
  readonly pluginName: string;
  readonly pluginPath: string;
}

/** The request of an engine on the processor. */
export const cpuRequest: NativeDeviceRequest = Object.freeze({
  kind: 'cpu',
  ordinals: Object.freeze([]),
  reproducible: true,
  tf32: false,
  fp16: false,
  cudaGraph: false,
  decode: 'auto',
  memoryLimitBytes: 0,
  engineCache: '',
  driver: '',
  nvjpeg: '',
  runtime: '',
  providerFiles: Object.freeze([]),
  preload: Object.freeze([]),
  pluginName: '',
  pluginPath: '',
});

/** A GPU, as the driver describes it. */
export interface NativeGpu {
  readonly ordinal: number;
  readonly name: string;
  /** Major and minor: [3, 7] is a Tesla K80. */
  readonly computeCapability: readonly [major: number, minor: number];
  readonly memoryBytes: number;
  /** null where the driver does not say it. */
  readonly freeMemoryBytes: number | null;
  /** `GPU-` and hexadecimal digits. */
  readonly uuid: string;
}

/** What the driver of the GPUs says. */
export interface NativeGpuReport {
  /** The driver that was opened, or looked for. */
  readonly path: string;
  /** The CUDA version of the driver: 11040 is 11.4; 0 where none answered. */
  readonly cudaVersion: number;
  readonly gpus: readonly NativeGpu[];
  /** Why no GPU can be used; empty where one can. */
  readonly reason: string;
}
