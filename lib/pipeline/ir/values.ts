/** Values of parameters: what type they have, and how they stand in a word of a command. */
import { shown } from '../shape.js';
import type { InputParameter, ParameterType } from './types.js';

export function hasType(value: unknown, type: ParameterType): boolean {
  switch (type) {
    case 'STRING':
      return typeof value === 'string';
    case 'NUMBER_INTEGER':
      return Number.isSafeInteger(value);
    case 'NUMBER_DOUBLE':
      return typeof value === 'number' && Number.isFinite(value);
    case 'BOOLEAN':
      return typeof value === 'boolean';
    case 'LIST':
      return Array.isArray(value);
    case 'STRUCT':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
  }
}

/** As KFP's launcher writes a value into a command: text as it is, everything else as JSON. */
export function asWord(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** What a file that a step wrote says, as a value of that type. Throws an Error with what was found. */
export function fromFile(content: string, type: ParameterType): unknown {
  if (type === 'STRING') return content;
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    value = undefined;
  }
  if (hasType(value, type)) return value;
  throw new Error(`${shown(content)}, expected a value of type ${type}`);
}

/** True where a task must give the parameter a value. */
export function isRequired(parameter: InputParameter): boolean {
  return parameter.isOptional !== true && parameter.defaultValue === undefined;
}
