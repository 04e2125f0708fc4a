/** Values of a run's parameters. */
import { MicrotomeError } from '../core/errors.js';
import { nearest } from '../core/near-miss.js';
import { hasType } from './ir/values.js';
import type { InputParameter, ParameterType, PipelineIr } from './ir/types.js';
import { shown } from './shape.js';

function refuse(found: string, advice?: string): never {
  throw new MicrotomeError('INVALID_OPTION', 'options', found, advice === undefined ? {} : { advice });
}

/** Defaults, and what a caller chose. Throws INVALID_OPTION for a name that is not known, and a value of another type. */
export function runParameters(pipeline: PipelineIr, given: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const declared = pipeline.specification.root.inputDefinitions?.parameters ?? {};
  const names = Object.keys(declared);
  for (const name of Object.keys(given))
    if (!Object.hasOwn(declared, name)) {
      const hint = nearest(name, names);
      refuse(
        `the pipeline has no parameter ${shown(name)}`,
        hint === null ? `it has ${names.join(', ')}` : `did you mean ${hint}?`,
      );
    }
  return Object.fromEntries(names.map((name) => [name, chosenValue(name, declared[name] as InputParameter, given)]));
}

function chosenValue(
  name: string,
  { parameterType, defaultValue, isOptional }: InputParameter,
  given: Readonly<Record<string, unknown>>,
): unknown {
  const value = Object.hasOwn(given, name) ? given[name] : defaultValue;
  if (value === undefined && isOptional === true) return emptyValue(parameterType);
  if (value === undefined) refuse(`the parameter ${name} has no value`);
  if (!hasType(value, parameterType)) refuse(`the parameter ${name} is ${shown(value)}, expected ${parameterType}`);
  return value;
}

/** What KFP takes for an optional parameter without a value. */
export function emptyValue(type: ParameterType): unknown {
  const values = { STRING: '', NUMBER_INTEGER: 0, NUMBER_DOUBLE: 0, BOOLEAN: false, LIST: [], STRUCT: {} } as const;
  return values[type];
}

/** A value that was written as text, such as in `--param epochs=3`. Throws INVALID_OPTION. */
export function parameterFromText(pipeline: PipelineIr, name: string, text: string): unknown {
  const declared = pipeline.specification.root.inputDefinitions?.parameters ?? {};
  const type = Object.hasOwn(declared, name) ? declared[name]?.parameterType : undefined;
  // An unknown name is refused with a hint where all of them are looked at.
  if (type === undefined || type === 'STRING') return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return refuse(`the parameter ${name} is ${shown(text)}, expected ${type}`);
  }
}
