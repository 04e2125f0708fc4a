/** Kubeflow's operators and the JobSet controller on a control plane, with their CRDs and their webhooks. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { pathOf, type Api, type KubeObject } from './api.js';
import type { ControlPlane } from './control-plane.js';
import { until } from './processes.js';

/** Adds the CRDs of a folder, and waits until the API server serves each of them. */
export async function addCrds(api: Api, folder: string, chosen: RegExp = /\.yaml$/): Promise<void> {
  const files = readdirSync(folder).filter((name) => chosen.test(name));
  const documents = files.flatMap((name) => parseAllDocuments(readFileSync(join(folder, name), 'utf8')));
  const crds = documents.map((document) => document.toJS() as KubeObject | null);
  const found = crds.filter((crd) => crd?.kind === 'CustomResourceDefinition') as KubeObject[];
  if (found.length === 0) throw new Error(`no CRD in ${folder} has a name like ${chosen}`);
  await Promise.all(found.map((crd) => api.create(crd, null)));
  for (const { metadata } of found) {
    const path = pathOf('CustomResourceDefinition', null, metadata.name);
    await until(async () => isEstablished(await api.get(path)), `CRD ${metadata.name}`);
  }
}

interface Conditions {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

function isEstablished(crd: Conditions | null): boolean {
  return crd?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false;
}

interface Hook {
  readonly path: string;
  /** group/version/plural; the core group is empty. */
  readonly resource: string;
  readonly operations?: readonly string[];
  /** Only objects that have this label. */
  readonly label?: string;
}

/** The webhooks of the operator's own manifests, but that the API server finds them at an address and not by a service. */
function webhooks(
  kind: 'ValidatingWebhookConfiguration' | 'MutatingWebhookConfiguration',
  name: string,
  hooks: readonly Hook[],
  { port, authority }: { readonly port: number; readonly authority: string },
): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name },
    webhooks: hooks.map(({ path, resource, operations = ['CREATE', 'UPDATE'], label }) => {
      const [group, version, plural] = resource.split('/');
      return {
        name: `${plural}.${path.split('-')[0]?.slice(1)}.${group || 'core.k8s.io'}`,
        admissionReviewVersions: ['v1'],
        clientConfig: { url: `https://127.0.0.1:${port}${path}`, caBundle: authority },
        failurePolicy: 'Fail',
        sideEffects: 'None',
        rules: [{ apiGroups: [group], apiVersions: [version], operations, resources: [plural] }],
        ...(label === undefined ? {} : { objectSelector: { matchExpressions: [{ key: label, operator: 'Exists' }] } }),
      };
    }),
  };
}

const encoded = (text: string): string => Buffer.from(text).toString('base64');
const isReadyAt = async (port: number | undefined): Promise<boolean> =>
  (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;

/** A temporary folder of the operator's own, with the certificate where its webhook server looks for it. */
function folderOf(plane: ControlPlane, name: string): string {
  const folder = join(plane.folder, name);
  writeCertificates(plane, join(folder, 'k8s-webhook-server', 'serving-certs'));
  return folder;
}

function writeCertificates(plane: ControlPlane, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of ['tls.crt', 'tls.key'] as const) {
    writeFileSync(join(folder, name), plane.certificates.pem[name], { mode: 0o600 });
  }
}

/**
 * The training operator waits until a file lies where a kubelet would have mounted its certificate; that path is a constant of
 * the program. Its server reads the certificate from the temporary folder of its environment, so only the name matters here.
 */
const awaited = '/tmp/k8s-webhook-server/serving-certs';

function makeAwaitedFile(): () => void {
  const file = join(awaited, 'tls.crt');
  if (existsSync(file)) return () => undefined;
  mkdirSync(awaited, { recursive: true });
  writeFileSync(file, '');
  return () => rmSync(file, { force: true });
}

/** Its webhook gets the certificate from a Secret, checks it, and writes the authority into the webhook itself. */
export async function addTrainingOperator(plane: ControlPlane): Promise<void> {
  const { api, certificates, kubeconfig } = plane;
  const authority = encoded(certificates.pem['ca.crt']);
  const data = Object.fromEntries(Object.entries(certificates.pem).map(([name, text]) => [name, encoded(text)]));
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'training-operator-webhook-cert' }, data };
  await api.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kubeflow' } }, null);
  await api.create(secret, 'kubeflow');
  const hook: Hook = { path: '/validate-kubeflow-org-v1-pytorchjob', resource: 'kubeflow.org/v1/pytorchjobs' };
  const configuration = 'validator.training-operator.kubeflow.org';
  const hooksAt = (port: number): object =>
    webhooks('ValidatingWebhookConfiguration', configuration, [hook], { port, authority });
  const removeAwaited = makeAwaitedFile();
  try {
    await plane.add({
      name: 'training-operator',
      portCount: 3,
      argsOf: ([health, metrics, webhook]) => [
        ...[`--kubeconfig=${kubeconfig}`, '--enable-scheme=pytorchjob'],
        ...[`--health-probe-bind-address=127.0.0.1:${health}`, `--metrics-bind-address=127.0.0.1:${metrics}`],
        `--webhook-server-port=${webhook}`,
      ],
      env: { TMPDIR: folderOf(plane, 'operator') },
      isReady: async ([health, , webhook]) => {
        await replace(api, hooksAt(webhook as number));
        return isReadyAt(health);
      },
    });
  } finally {
    removeAwaited();
  }
}

/** Creates an object, or nothing where it is there. Ports differ only between attempts; then the old one goes first. */
async function replace(api: Api, object: object): Promise<void> {
  const wanted = object as KubeObject & { webhooks: readonly { clientConfig: { url: string } }[] };
  const path = pathOf(wanted.kind as 'ValidatingWebhookConfiguration', null, wanted.metadata.name);
  const there = await api.get<typeof wanted>(path);
  if (there?.webhooks[0]?.clientConfig.url === wanted.webhooks[0]?.clientConfig.url) return;
  if (there !== null) await api.remove(path);
  await api.create(object, null);
}

const jobset = 'jobset.x-k8s.io/v1alpha2/jobsets';
const pod = { resource: '/v1/pods', operations: ['CREATE'], label: 'jobset.sigs.k8s.io/jobset-name' };
const trainjob = 'trainer.kubeflow.org/v1alpha1/trainjobs';
const trainer = (verb: string, kind: string): Hook => ({
  path: `/${verb}-trainer-kubeflow-org-v1alpha1-${kind}`,
  resource: `trainer.kubeflow.org/v1alpha1/${kind}s`,
});

const managers = {
  'jobset-controller': {
    group: 'config.jobset.x-k8s.io/v1alpha1',
    certificates: 'internalCertManagement',
    mutating: [
      { path: '/mutate-jobset-x-k8s-io-v1alpha2-jobset', resource: jobset, operations: ['CREATE'] },
      { path: '/mutate--v1-pod', ...pod },
    ],
    validating: [
      { path: '/validate-jobset-x-k8s-io-v1alpha2-jobset', resource: jobset },
      { path: '/validate--v1-pod', ...pod },
    ],
  },
  'trainer-controller-manager': {
    group: 'config.trainer.kubeflow.org/v1alpha1',
    certificates: 'certManagement',
    mutating: [{ path: '/mutate-trainer-kubeflow-org-v1alpha1-trainjob', resource: trainjob }],
    validating: ['clustertrainingruntime', 'trainingruntime', 'trainjob'].map((kind) => trainer('validate', kind)),
  },
} as const;

/** Trainer or the JobSet controller. Both take their certificate from their temporary folder when told not to make one. */
export async function addManager(plane: ControlPlane, name: keyof typeof managers): Promise<void> {
  const { group, certificates, mutating, validating } = managers[name];
  const authority = encoded(plane.certificates.pem['ca.crt']);
  const folder = folderOf(plane, name);
  await plane.add({
    name,
    portCount: 2,
    argsOf: ([health, port]) => {
      const file = join(folder, `${port}.yaml`);
      const settings = {
        apiVersion: group,
        kind: 'Configuration',
        health: { healthProbeBindAddress: `127.0.0.1:${health}` },
        metrics: { bindAddress: '0' },
        webhook: { port, host: '127.0.0.1' },
        leaderElection: { leaderElect: false },
        [certificates]: { enable: false },
      };
      writeFileSync(file, stringify(settings));
      const own = name === 'jobset-controller' ? ['--metrics-bind-address=0'] : [];
      return [`--kubeconfig=${plane.kubeconfig}`, `--config=${file}`, ...own];
    },
    env: { TMPDIR: folder },
    isReady: async ([health, port]) => {
      const at = { port: port as number, authority };
      await replace(plane.api, webhooks('MutatingWebhookConfiguration', `${name}-mutating`, mutating, at));
      await replace(plane.api, webhooks('ValidatingWebhookConfiguration', `${name}-validating`, validating, at));
      return isReadyAt(health);
    },
  });
}
