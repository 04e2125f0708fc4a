/** The official schemas of Kubeflow, Katib and KServe, as an API server with strict validation reads them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import formats from 'ajv-formats';
import { parseAllDocuments } from 'yaml';
import { dataDir } from '../../support/data.js';

const folder = join(dataDir ?? '', 'crds');
export const hasCrds: boolean = dataDir !== null && existsSync(folder);

type Schema = Record<string, unknown>;

interface Crd {
  readonly kind?: string;
  readonly spec: {
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}

/** What a schema of OpenAPI in Kubernetes means, in the words of JSON Schema; an object takes no field that it does not list. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const given = schema as Schema;
  const kept: Schema = {};
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith('x-kubernetes-') || key === 'description' || key === 'default') continue;
    if (key === 'properties' || key === 'patternProperties')
      kept[key] = Object.fromEntries(Object.entries(value as Schema).map(([name, one]) => [name, closed(one)]));
    else if (key === 'required' || key === 'enum') kept[key] = value;
    else kept[key] = closed(value);
  }
  if (given['x-kubernetes-int-or-string'] === true) {
    const { anyOf: _, ...rest } = kept;
    return { ...rest, type: ['integer', 'string'] };
  }
  const isOpen = given['x-kubernetes-preserve-unknown-fields'] === true || 'additionalProperties' in given;
  return given['properties'] !== undefined && !isOpen ? { ...kept, additionalProperties: false } : kept;
}

const metadata: Schema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    name: { type: 'string' },
    namespace: { type: 'string' },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    annotations: { type: 'object', additionalProperties: { type: 'string' } },
  },
};

/** The schema of the file's first served version. */
export function crdSchema(file: string): Schema {
  const documents = parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((one) => one.toJS() as Crd | null);
  const crd = documents.find((one) => one?.kind === 'CustomResourceDefinition');
  const version = crd?.spec.versions.find(({ served }) => served);
  if (version === undefined) throw new Error(`${file} has no served version`);
  const schema = closed(version.schema.openAPIV3Schema) as Schema;
  const properties = (schema['properties'] ?? {}) as Schema;
  return 'metadata' in properties ? { ...schema, properties: { ...properties, metadata } } : schema;
}

/** What the schema refuses of an object: `path message`. */
export type Validate = (object: unknown) => readonly string[];

export function crdValidator(file: string): Validate {
  const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: true });
  formats.default(ajv);
  for (const name of ['int32', 'int64', 'double', 'float', 'byte']) ajv.addFormat(name, true);
  const validate = ajv.compile(crdSchema(file));
  return (object) => (validate(object) === true ? [] : (validate.errors ?? []).map(textOf));
}

function textOf({ instancePath, message, params }: ErrorObject): string {
  return `${instancePath} ${message} ${JSON.stringify(params)}`;
}
