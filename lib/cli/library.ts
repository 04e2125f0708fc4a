/** The library as the commands use it. */
import { loadModel } from '../model/load-model.js';
import { doctor } from '../native/doctor.js';
import { devices } from '../native/devices.js';
import { createScorer } from '../scoring/scorer.js';
import { openSlide } from '../slide/slide.js';
import type { CliLibrary } from './io.js';

export const library: CliLibrary = { createScorer, openSlide, loadModel, doctor, devices };
