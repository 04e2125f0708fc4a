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
  openSlide,
  scoreDirectory,
} from '../index.js';
import type { CliLibrary } from './io.js';

export const library: CliLibrary = {
  scoreDirectory,
  embedDirectory,
  createScorer,
  openSlide,
  loadModel,
  createBundle,
  checkModel,
  evaluateSubmission,
  doctor,
  devices,
};
