/** What is used of a model that nobody said: gathered where the model is read, so that it can be told wherever it is used. */

import type { ModelAssumptions, PixelFormat } from './model.js';

type AssumedInput = NonNullable<ModelAssumptions['input']>;

/** What is said of an input: by options, or by a bundle. */
export type SaidOfInput = { readonly [K in keyof AssumedInput]?: AssumedInput[K] | undefined };

/** `isLayoutShown`: the shape of the graph's input leaves no choice. */
export function assumedInput(input: PixelFormat, said: SaidOfInput, isLayoutShown: boolean): AssumedInput {
  const { layout, channels, scale, mean, std, type } = input;
  // Bytes go to the graph as they are.
  const scaling = type === 'uint8' ? {} : { scale, mean, std };
  const all: AssumedInput = { ...(isLayoutShown ? {} : { layout }), channels, ...scaling };
  return unsaid(all, said);
}

/** The members that are not said. */
function unsaid<T extends object>(all: T, said: { readonly [K in keyof T]?: unknown }): T {
  return Object.fromEntries(Object.entries(all).filter(([name]) => said[name as keyof T] === undefined)) as T;
}

/** Null where there is nothing but what the graph shows. */
export function assumptions({ input = {}, fromGraph, ...rest }: ModelAssumptions): ModelAssumptions | null {
  const hasInput = Object.keys(input).length > 0;
  if (!hasInput && Object.keys(rest).length === 0) return null;
  return Object.freeze({
    ...(hasInput ? { input: Object.freeze(input) } : {}),
    ...rest,
    ...(fromGraph === undefined ? {} : { fromGraph: Object.freeze(fromGraph) }),
  });
}
