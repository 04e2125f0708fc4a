/** What was assumed of a model, in one line for the person who runs it. */
import type { DirectoryOptions, Model, ModelAssumptions, OptionNaming } from '../index.js';
import { printable } from './text.js';

/** What says a resolution; images have none. */
type ResolutionOptions = Pick<DirectoryOptions, 'mpp' | 'level' | 'input'>;

type AssumedInput = NonNullable<ModelAssumptions['input']>;

/** Null where nothing was assumed. */
export function assumptionLine(model: Model, options: ResolutionOptions, naming: OptionNaming): string | null {
  const text = assumedText(model);
  if (text === null) return null;
  const resolution = resolutionOf(model, options);
  const told = resolution === null ? '' : `; resolution as told: ${resolution}`;
  const others = model.kind === 'bundle' ? [] : optionsOf(model).map((name) => naming(name, null));
  const advice = others.length === 0 ? '' : `; to say otherwise: ${others.join(', ')}`;
  return printable(
    `model ${model.name}: assumed, because neither the model nor an option says it: ${text}${told}${advice}`,
  );
}

/** `input scale 1/255 (samples from 0 to 1), …; from the graph: input "x", …`. Null where nothing was assumed. */
export function assumedText({ assumed, graph }: Pick<Model, 'assumed' | 'graph'>): string | null {
  if (!assumed) return null;
  const { input, activation, column, head, fromGraph } = assumed;
  const parts = inputParts(input ?? {});
  const operator = fromGraph?.operator;
  const ends = operator === undefined ? '' : ` (the graph ends with ${operator})`;
  if (activation !== undefined) parts.push(`activation ${activation}${ends}`);
  if (column !== undefined) parts.push(`column ${column}${columnNote(graph, fromGraph?.graphOutput)}`);
  if (head !== undefined) parts.push(`head ${head.method}`);
  const shown = graphParts(fromGraph);
  return `${parts.join(', ')}${shown.length === 0 ? '' : `; from the graph: ${shown.join(', ')}`}`;
}

function inputParts({ scale, mean, std, channels, layout }: AssumedInput): string[] {
  const parts: string[] = [];
  if (scale !== undefined) parts.push(`input scale ${scaleText(scale)}`);
  if (mean !== undefined) parts.push(`mean ${mean.join(',')}`);
  if (std !== undefined) parts.push(`std ${std.join(',')}`);
  if (channels !== undefined) parts.push(`channels ${channels}`);
  if (layout !== undefined) parts.push(`layout ${layout}`);
  return parts;
}

function scaleText(scale: number): string {
  if (scale === 1 / 255) return '1/255 (samples from 0 to 1)';
  return scale === 1 ? '1 (samples from 0 to 255)' : `${scale}`;
}

function columnNote({ outputs }: Model['graph'], name: string | undefined): string {
  const shape = outputs.length === 1 ? outputs[0]?.shape : outputs.find((output) => output.name === name)?.shape;
  const columns = shape?.[1] ?? -1;
  return columns === 2 ? ' (of 0 and 1: the second, taken for the positive class)' : '';
}

function graphParts(facts: ModelAssumptions['fromGraph']): string[] {
  if (facts === undefined) return [];
  const parts = [`input "${facts.input}"`];
  if (facts.size !== undefined) parts.push(`size ${facts.size} px`);
  if (facts.layout !== undefined) parts.push(`layout ${facts.layout}`);
  if (facts.graphOutput !== undefined) parts.push(`output "${facts.graphOutput}"`);
  if (facts.column !== undefined) parts.push(`column ${facts.column}, its only one`);
  return parts;
}

/** What tiles are read at, by what comes first. */
function resolutionOf({ input }: Model, { mpp, level }: ResolutionOptions): string | null {
  if (mpp !== undefined) return `${mpp} um/px`;
  if (level !== undefined) return `level ${level}`;
  if (input === null) return null;
  if (input.mpp !== null) return `${input.mpp} um/px`;
  return input.level === null ? null : `level ${input.level}`;
}

/** The names of the options that say what was assumed. */
function optionsOf({ assumed }: Model): readonly string[] {
  const { input = {}, activation, column, head } = assumed ?? {};
  const names = Object.keys(input).map((member) => `input.${member}`);
  if (activation !== undefined) names.push('activation');
  if (column !== undefined) names.push('column');
  if (head !== undefined) names.push('head.method');
  return names;
}
