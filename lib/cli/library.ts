/** The library as the commands use it. */
import {
  checkModel,
  createBundle,
  createScorer,
  devices,
  doctor,
  embedDirectory,
  evaluateSubmission,
  loadModel,
  mergeShards,
  openSlide,
  scoreDirectory,
  scoreImages,
  scoreImageShard,
  scoreShard,
} from '../index.js';
import type { CliLibrary } from './io.js';

export const library: CliLibrary = {
  scoreDirectory,
  scoreImages,
  scoreShard,
  scoreImageShard,
  mergeShards,
  embedDirectory,
  createScorer,
  openSlide,
  loadModel,
  createBundle,
  checkModel,
  evaluateSubmission,
  doctor,
  devices,
  // A room of its own, loaded by the one command that needs it.
  packSubmission: async (options) => (await import('../competition/index.js')).packSubmission(options),
};
