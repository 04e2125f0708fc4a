import type { MicrotomeError } from '../../core/errors.js';
import { modelFault } from '../../scoring/model-trial.js';
import type { Scorer } from '../../scoring/scorer.js';

/** A full disk, a lost lock and a lost GPU are of all slides; so is what the model fails with on a tile of no slide. */
export async function endsRun(scorer: Scorer, { code, stage }: MicrotomeError): Promise<boolean> {
  if (code === 'DISK_FULL' || code === 'OUTPUT_LOCKED' || code === 'DEVICE_LOST') return true;
  return stage === 'infer' && (await modelFault(scorer))?.code === code;
}
