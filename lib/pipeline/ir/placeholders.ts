/** Placeholders in the words of a container: `{{$.inputs.parameters['epochs']}}`. */

export type Placeholder =
  | { readonly kind: 'inputParameter'; readonly name: string }
  | { readonly kind: 'inputArtifact'; readonly name: string; readonly what: 'path' | 'uri' }
  | { readonly kind: 'outputArtifact'; readonly name: string; readonly what: 'path' | 'uri' }
  | { readonly kind: 'outputParameter'; readonly name: string }
  | { readonly kind: 'run'; readonly what: 'pipeline_job_uuid' | 'pipeline_job_name' | 'pipeline_task_name' };

const anyPlaceholder = /\{\{\$(.*?)\}\}/g;

const forms: readonly [RegExp, (name: string, what: string) => Placeholder][] = [
  [/^\.inputs\.parameters\['([\w-]+)'\]$/, (name) => ({ kind: 'inputParameter', name })],
  [
    /^\.inputs\.artifacts\['([\w-]+)'\]\.(path|uri)$/,
    (name, what) => ({ kind: 'inputArtifact', name, what: what as 'path' | 'uri' }),
  ],
  [
    /^\.outputs\.artifacts\['([\w-]+)'\]\.(path|uri)$/,
    (name, what) => ({ kind: 'outputArtifact', name, what: what as 'path' | 'uri' }),
  ],
  [/^\.outputs\.parameters\['([\w-]+)'\]\.output_file$/, (name) => ({ kind: 'outputParameter', name })],
  [
    /^\.(pipeline_job_uuid|pipeline_job_name|pipeline_task_name)$/,
    (what) => ({ kind: 'run', what: what as 'pipeline_job_uuid' }),
  ],
];

function parse(inside: string): Placeholder | null {
  for (const [form, make] of forms) {
    const found = form.exec(inside);
    if (found !== null) return make(found[1] ?? '', found[2] ?? '');
  }
  return null;
}

/** Every placeholder of a word, in order; null for one of no known form. */
export function placeholdersIn(word: string): readonly { readonly text: string; readonly found: Placeholder | null }[] {
  const whole = [...word.matchAll(anyPlaceholder)].map(([text, inside = '']) => ({ text, found: parse(inside) }));
  // One that was begun and not ended would reach the program as it is.
  const rest = word.replace(anyPlaceholder, '');
  return rest.includes('{{$') ? [...whole, { text: rest.slice(rest.indexOf('{{$'), 40), found: null }] : whole;
}

/** The word with every placeholder replaced. What is put in is not looked at again. */
export function withValues(word: string, value: (placeholder: Placeholder) => string): string {
  return word.replace(anyPlaceholder, (text, inside: string) => {
    const found = parse(inside);
    return found === null ? text : value(found);
  });
}

export const inputParameter = (name: string): string => `{{$.inputs.parameters['${name}']}}`;
export const inputArtifact = (name: string): string => `{{$.inputs.artifacts['${name}'].path}}`;
export const outputArtifact = (name: string): string => `{{$.outputs.artifacts['${name}'].path}}`;
export const outputParameter = (name: string): string => `{{$.outputs.parameters['${name}'].output_file}}`;
