/** The library as the commands use it. */
import { loadModel } from '../model/load-model.js';
import { doctor } from '../native/doctor.js';
import { devices } from '../devices.js';
import { createScorer } from '../scorer.js';
import { openSlide } from '../slide.js';
import type { CliLibrary } from './io.js';

export const library: CliLibrary = { createScorer, openSlide, loadModel, doctor, devices };
