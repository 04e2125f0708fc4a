/** Devices, as callers name them and as results tell them. */

import type { DeviceKind } from './device-request.js';

/** What the option `device` takes; `cuda:1` is the second GPU, `cuda` all of them. */
export type DeviceChoice =
  | 'auto'
  | 'cpu'
  | 'cuda'
  | `cuda:${number}`
  | 'tensorrt'
  | `tensorrt:${number}`
  | `plugin:${string}`;

/** A device in use, or one that can be named. */
export type DeviceId = Exclude<DeviceChoice, 'auto'>;

/** The device that a scorer runs its model on. */
export interface DeviceUse {
  /** What names it; `cuda` stands for all GPUs of the best kind that the process may see. */
  readonly id: DeviceId;
  readonly kind: DeviceKind;
  /** Of the processor, or of the GPUs: `2 × NVIDIA H200`. */
  readonly name: string;
  /**
   * What a GPU computes in: `tf32` and `float16` are asked for by `gpu.tf32` and `gpu.fp16`. A model keeps its own precision
   * beside that.
   */
  readonly precision: 'float32' | 'tf32' | 'float16';
  /**
   * Whether the same work gives the same bits again: on a GPU, on the same kind of GPU with the same libraries. Never with
   * TensorRT, which picks kernels by measuring, with a plug-in, or where a GPU computes in `tf32` or `float16`.
   */
  readonly reproducible: boolean;
  /**
   * What a score depends on: the kind of GPU, driver, ONNX Runtime, precision, and the libraries in use by name and size.
   * Runs with another one are not gone on with.
   */
  readonly identity: string;
  /** GPUs that share the work; 0 on another device. */
  readonly gpus: number;
  /** GPUs that the driver shows; 0 where it was not asked, or is not there. */
  readonly gpusSeen: number;
  /** What was asked for. */
  readonly asked: DeviceChoice;
  /** Why no other device was taken, and which GPUs were left out; empty where nothing else was there. */
  readonly reasons: readonly string[];
  /**
   * What the devices said when the model was loaded: who decodes JPEG tiles, options that this ONNX Runtime does not know, where
   * TensorRT keeps engines. Empty on the CPU.
   */
  readonly notes: readonly string[];
}
