/**
 * What a command touches of the outside: two streams, a signal that Ctrl-C aborts, and the library. Tests run commands
 * in their own process with other ones.
 */
import type { ScorerOptions } from '../options/types.js';
import type { Model } from '../model/model.js';
import type { RowScorer } from '../runs/score-rows.js';
import type { Device } from '../native/devices.js';
import type { DoctorReport } from '../native/doctor.js';
import type { Slide } from '../slide/slide.js';

export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** The part of an open slide that the commands use. */
export type CliSlide = Pick<
  Slide,
  | 'width'
  | 'height'
  | 'levels'
  | 'mpp'
  | 'associated'
  | 'orientation'
  | 'fileBytes'
  | 'warnings'
  | 'readRegion'
  | 'close'
>;

export interface CliLibrary {
  createScorer(options: ScorerOptions): Promise<RowScorer>;
  openSlide(path: string): Promise<CliSlide>;
  loadModel(ref: string): Promise<Model>;
  doctor(): Promise<DoctorReport>;
  devices(): Promise<readonly Device[]>;
}

export interface CliIo {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** Aborted by the first SIGINT or SIGTERM, or when nobody reads the output any more. */
  readonly signal: AbortSignal;
  /** True once the reader of stdout has gone away. */
  readonly stdoutClosed: () => boolean;
  readonly library: CliLibrary;
}
