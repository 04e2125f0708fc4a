/**
 * Where a cluster is and how its API server knows the user: from a kubeconfig, or from the files in a pod. Tokens, files
 * and certificates are read here; what only a program or a login service gives is left to `@kubernetes/client-node`.
 */
import type { RequestOptions } from 'node:https';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { MicrotomeError } from '../../core/errors.js';
import { pathOf } from '../../core/file-url.js';
import { shown } from '../checks/part.js';
import { throughClient } from './client-node.js';
import { readSmallFile } from './small-file.js';

/** A cluster as one user reaches it. */
export interface Access {
  readonly server: string;
  /** Of the context; undefined where it names none. */
  readonly namespace: string | undefined;
  /** Certificates and headers for one request; tokens in files are read anew. */
  readonly authorize: () => Promise<RequestOptions>;
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const textIn = (fields: Fields, key: string): string | undefined => {
  const value = fields[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

const refused = (found: string, path: string, advice?: string): MicrotomeError =>
  new MicrotomeError('INVALID_OPTION', 'options', found, { path, advice });

/** Throws INVALID_OPTION, FILE_NOT_FOUND, FILE_UNREADABLE; RUNTIME_MISSING where the package is needed and not there. */
export async function accessOfConfig(given: string, context: string | undefined): Promise<Access> {
  const path = pathOf(given);
  const text = (await readSmallFile(path, 'the kubeconfig')).toString('utf8');
  const config = parsed(text, path);
  const name = context ?? textIn(config, 'current-context');
  if (name === undefined) throw refused('the kubeconfig has no current-context', path, 'name a context');
  const chosen = named(config, 'contexts', name, 'context');
  if (chosen === null) throw refused(`the kubeconfig has no context ${shown(name)}`, path, 'name one that it has');
  const cluster = named(config, 'clusters', textIn(chosen, 'cluster'), 'cluster') ?? {};
  const user = named(config, 'users', textIn(chosen, 'user'), 'user') ?? {};
  const server = textIn(cluster, 'server');
  if (server === undefined || !/^https?:\/\/./.test(server))
    throw refused(
      `the context ${shown(name)} has no cluster with an http or https address`,
      path,
      'correct the kubeconfig',
    );
  const folder = dirname(resolve(path));
  const others = ['exec', 'auth-provider'].filter((key) => user[key] !== undefined);
  const isProxied = textIn(cluster, 'proxy-url') !== undefined;
  const authorize =
    others.length > 0 || isProxied
      ? await throughClient({ text, folder, context: name, what: others[0] ?? 'proxy-url' })
      : () => plainOptions(cluster, user, folder);
  return { server, namespace: textIn(chosen, 'namespace'), authorize };
}

function parsed(text: string, path: string): Fields {
  try {
    return fieldsOf(parse(text, { prettyErrors: false }));
  } catch {
    // The parser's message quotes lines of the file, and those may be credentials.
    throw refused('the kubeconfig is no YAML', path, 'correct it');
  }
}

/** `clusters: [{ name, cluster: {…} }]` and its like. */
function named(config: Fields, list: string, name: string | undefined, key: string): Fields | null {
  const entries = Array.isArray(config[list]) ? (config[list] as readonly unknown[]).map(fieldsOf) : [];
  const found = entries.find((entry) => entry['name'] === name);
  return found === undefined ? null : fieldsOf(found[key]);
}

async function plainOptions(cluster: Fields, user: Fields, folder: string): Promise<RequestOptions> {
  const [ca, cert, key] = [
    await bytesOf(cluster, 'certificate-authority', folder),
    await bytesOf(user, 'client-certificate', folder),
    await bytesOf(user, 'client-key', folder),
  ];
  const serverName = textIn(cluster, 'tls-server-name');
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(cluster['insecure-skip-tls-verify'] === true ? { rejectUnauthorized: false } : {}),
    headers: await headersOf(user, folder),
  };
}

/** `NAME-data`, in base64, or the file that `NAME` names, beside the kubeconfig. */
async function bytesOf(fields: Fields, name: string, folder: string): Promise<Buffer | undefined> {
  const data = textIn(fields, `${name}-data`);
  if (data !== undefined) return Buffer.from(data, 'base64');
  const file = textIn(fields, name);
  return file === undefined ? undefined : readSmallFile(resolve(folder, file), `the file of ${name}`);
}

async function headersOf(user: Fields, folder: string): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  const file = textIn(user, 'tokenFile');
  const token =
    file === undefined
      ? textIn(user, 'token')
      : (await readSmallFile(resolve(folder, file), 'the file of the token')).toString('utf8').trim();
  const [name, password] = [textIn(user, 'username'), textIn(user, 'password')];
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  else if (name !== undefined)
    headers['authorization'] = `Basic ${Buffer.from(`${name}:${password ?? ''}`).toString('base64')}`;
  const as = textIn(user, 'as');
  if (as !== undefined) headers['impersonate-user'] = as;
  return headers;
}

const kPodFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** In a pod: the service account's files, and the name under which every cluster has its API server. */
export async function accessOfPod(folder: string = kPodFolder): Promise<Access> {
  const ca = await readSmallFile(`${folder}/ca.crt`, "the pod's certificate of the cluster");
  const namespace = (await readSmallFile(`${folder}/namespace`, "the pod's namespace")).toString('utf8').trim();
  return {
    server: 'https://kubernetes.default.svc',
    namespace,
    authorize: async () => {
      const token = (await readSmallFile(`${folder}/token`, "the pod's token")).toString('utf8').trim();
      return { ca, headers: { authorization: `Bearer ${token}` } };
    },
  };
}
