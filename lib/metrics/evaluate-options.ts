/** Options of evaluateSubmission: their types, and how they are checked. */
import { pathOf } from '../core/file-url.js';
import { optionMark } from '../core/option-names.js';
import { contradiction, numeric, oneOf, record, text } from '../options/check.js';
import type { Preset } from '../runs/generated-types.js';
import { shown } from '../runs/names.js';
import { layoutOf, presetOfHeader, presets } from '../runs/presets.js';
import { defaultMinTruePositiveRate } from './roc.js';
import type { ValueColumns } from './value-table.js';

/** What {@link evaluateSubmission} compares with, and how the columns of the files are called. */
export interface EvaluateOptions {
  /** CSV with the true value of each row: 0 or 1. */
  readonly labels: string | URL;
  /** CSV that names the patient of each row, beside any other columns and rows. @defaultValue none: no figure of patients */
  readonly patients?: string | URL;
  /** Column of `patients` that names the patient. @defaultValue patient_id */
  readonly patientColumn?: string;
  /** Names of the two columns. @defaultValue the preset whose columns the labels have */
  readonly preset?: Preset;
  /** Column that names the slide. Where this or `valueColumn` is given, further columns of the files are not read. @defaultValue filename */
  readonly idColumn?: string;
  /** Column that holds the value, or the true value. @defaultValue relapse */
  readonly valueColumn?: string;
  /** The partial area counts above this true-positive rate: at least 0, less than 1. @defaultValue 0.8 */
  readonly minTruePositiveRate?: number;
  /** Samples that are drawn for the 95 % intervals; 0: no intervals. @defaultValue 1000 */
  readonly samples?: number;
  /** Of the samples: the same seed draws the same ones. @defaultValue 0 */
  readonly seed?: number;
}

const kKeys = [
  'labels',
  'patients',
  'patientColumn',
  'preset',
  'idColumn',
  'valueColumn',
  'minTruePositiveRate',
  'samples',
  'seed',
] as const;

export interface ParsedEvaluateOptions {
  readonly labels: string;
  readonly patients: string | null;
  readonly patientColumn: string;
  readonly preset: Preset | null;
  /** Null: nobody named a column. */
  readonly named: ValueColumns | null;
  readonly minTruePositiveRate: number;
  readonly samples: number;
  readonly seed: number;
}

function file(name: string, value: unknown): string {
  return pathOf(value instanceof URL ? value : text(name, value));
}

export function parseEvaluateOptions(options: EvaluateOptions): ParsedEvaluateOptions {
  const given = record('options', options, kKeys);
  const { labels, patients, patientColumn, preset, idColumn, valueColumn } = given;
  if (labels === undefined) throw contradiction(`${optionMark('labels')} is missing: the file with the true values`);
  if (patientColumn !== undefined && patients === undefined)
    throw contradiction(`${optionMark('patientColumn')} is given, and no ${optionMark('patients')}`);
  const column = (name: 'idColumn' | 'valueColumn'): string | null =>
    given[name] === undefined ? null : text(name, given[name]);
  const names = { idColumn: column('idColumn'), valueColumn: column('valueColumn'), paths: false };
  const isNamed = idColumn !== undefined || valueColumn !== undefined;
  if (preset !== undefined && isNamed) {
    const other = optionMark(idColumn === undefined ? 'valueColumn' : 'idColumn');
    throw contradiction(`Expected only one of ${optionMark('preset')} and ${other} but received both`);
  }
  const { idColumn: id, valueColumn: value } = layoutOf(null, names);
  if (id === value)
    throw contradiction(`${optionMark('idColumn')} and ${optionMark('valueColumn')} are both ${shown(id)}`);
  const {
    minTruePositiveRate = defaultMinTruePositiveRate,
    samples = 1000,
    seed = 0,
  } = given as { minTruePositiveRate?: unknown; samples?: unknown; seed?: unknown };
  return {
    labels: file('labels', labels),
    patients: patients === undefined ? null : file('patients', patients),
    patientColumn: patientColumn === undefined ? 'patient_id' : text('patientColumn', patientColumn),
    preset: preset === undefined ? null : (oneOf('preset', preset, presets) as Preset),
    named: isNamed ? { id, value, alone: false } : null,
    minTruePositiveRate: numeric('minTruePositiveRate', minTruePositiveRate, { type: 'number', min: 0, below: 1 }),
    samples: numeric('samples', samples, { type: 'integer', min: 0, max: 1_000_000 }),
    seed: numeric('seed', seed, { type: 'integer', min: 0, max: 2 ** 32 - 1 }),
  };
}

/** The columns of both files, once the header of the labels is known. */
export function columnsOf({ preset, named }: ParsedEvaluateOptions, header: readonly string[]): ValueColumns {
  if (named !== null) return named;
  const { idColumn, valueColumn } = layoutOf(preset ?? presetOfHeader(header));
  return { id: idColumn, value: valueColumn, alone: true };
}
