// The programs of a real Kubernetes control plane with Kubeflow's operators, built from their Go modules into a folder outside
// the checkout. No container engine is needed. The API server and the operators decide; a node of the tests runs the pods.
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { HelpPage, outputOf, run, step } from './run.mjs';

const kubernetes = { path: 'k8s.io/kubernetes', version: 'v1.34.4' };
const trainer = { path: 'github.com/kubeflow/trainer/v2', version: 'v2.3.0' };
const operator = { path: 'github.com/kubeflow/training-operator', version: 'v1.9.0' };

/**
 * What is built, in order: the first can be used while the others are built. The JobSet controller has the version that
 * Trainer requires, v0.12.0; the CRD of the tests is of the same.
 */
const goPrograms = [
  { name: 'kube-apiserver', module: kubernetes, main: 'k8s.io/kubernetes/cmd/kube-apiserver' },
  { name: 'kube-controller-manager', module: kubernetes, main: 'k8s.io/kubernetes/cmd/kube-controller-manager' },
  { name: 'training-operator', module: operator, main: `${operator.path}/cmd/training-operator.v1` },
  { name: 'trainer-controller-manager', module: trainer, main: `${trainer.path}/cmd/trainer-controller-manager` },
  { name: 'jobset-controller', module: trainer, main: 'sigs.k8s.io/jobset' },
];
/** The CRDs of the operators, each from its own module, so that they are those of the version that is built. */
const crdFolders = [
  { ...operator, folder: 'manifests/base/crds' },
  { ...trainer, folder: 'manifests/base/crds' },
  { path: 'sigs.k8s.io/jobset', version: 'v0.12.0', folder: 'config/components/crd/bases' },
];
const names = ['etcd', 'crds', ...goPrograms.map(({ name }) => name)];

/** Folder of what is built: MICROTOME_KUBE_CACHE, else ~/.cache/microtome/kube. */
export function kubeCache() {
  const chosen = process.env.MICROTOME_KUBE_CACHE;
  return chosen !== undefined && chosen !== '' ? chosen : join(homedir(), '.cache', 'microtome', 'kube');
}

/** Folder of the programs: one for each set of versions, so that a newer set does not mix with an older one. */
export const kubePrograms = () =>
  join(kubeCache(), `kubernetes-${kubernetes.version}-operator-${operator.version}-trainer-${trainer.version}`);

/** Names of what is not there yet: programs, and the folder of CRDs. */
export const missingPrograms = () => names.filter((name) => !existsSync(join(kubePrograms(), name)));

/**
 * `replace` lines for the modules that Kubernetes keeps in its own tree: its go.mod replaces each by a local folder, which a
 * module that requires it does not inherit. Each is published under v0.x of the same release.
 */
function stagingReplacements(goMod, version) {
  const published = version.replace(/^v1\./, 'v0.');
  const local = [...goMod.matchAll(/^\s*(?:replace\s+)?(\S+)\s+=>\s+\.\/staging\/src\/\S+$/gm)].map(([, path]) => path);
  return [...new Set(local)].map((path) => `replace ${path} => ${path} ${published}`);
}

/** Downloads a module; Go checks it by the public database of hashes. */
async function download({ path, version }, folder) {
  const { output } = await run('go', ['mod', 'download', '-json', `${path}@${version}`], { cwd: folder, quiet: true });
  return JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1));
}

async function goModOf({ path, version }, folder) {
  const found = await download({ path, version }, folder);
  const replaced = stagingReplacements(await readFile(found.GoMod, 'utf8'), version);
  if (path === kubernetes.path && replaced.length === 0) throw new Error(`${found.GoMod} replaces no staging module`);
  return ['module microtome.test/kube', '', 'go 1.24.0', '', `require ${path} ${version}`, ...replaced, ''].join('\n');
}

/** One program, at low priority: a build of minutes should not stop who works at the machine. */
async function buildProgram({ name, module, main }, scratch) {
  await writeFile(join(scratch, 'go.mod'), await goModOf(module, scratch));
  await rm(join(scratch, 'go.sum'), { force: true });
  const built = join(scratch, name);
  const env = { GOFLAGS: '-mod=mod -buildvcs=false -trimpath -p=2', CGO_ENABLED: '0', GOWORK: 'off' };
  const args = ['-n', '5', 'go', 'build', '-ldflags=-s -w', '-o', built, main];
  await run('nice', args, { cwd: scratch, env, quiet: true });
  await rename(built, join(kubePrograms(), name));
}

/** etcd from Debian's package, unpacked and not installed: the package would start a service. */
async function unpackEtcd(scratch) {
  const download = ['download', '-qq', 'etcd-server'];
  const { code } = await run('apt-get', download, { cwd: scratch, quiet: true, allowFailure: true });
  if (code !== 0) {
    // A new machine has no lists of packages yet.
    await run('apt-get', ['update', '-qq'], { quiet: true });
    await run('apt-get', download, { cwd: scratch, quiet: true });
  }
  const name = (await readdir(scratch)).find((file) => file.startsWith('etcd-server_'));
  await run('dpkg-deb', ['-x', name, 'etcd'], { cwd: scratch, quiet: true });
  await rename(join(scratch, 'etcd', 'usr', 'bin', 'etcd'), join(kubePrograms(), 'etcd'));
}

async function copyCrds(scratch) {
  const whole = join(scratch, 'crds');
  await mkdir(whole);
  for (const module of crdFolders) {
    const from = join((await download(module, scratch)).Dir, module.folder);
    for (const name of await readdir(from)) {
      if (!name.endsWith('.yaml') || name === 'kustomization.yaml') continue;
      await copyFile(join(from, name), join(whole, name));
      await chmod(join(whole, name), 0o644);
    }
  }
  await rename(whole, join(kubePrograms(), 'crds'));
}

/** Builds what is not there, one program after the other. */
export async function buildKubePrograms() {
  const missing = missingPrograms();
  if (missing.length === 0) return;
  if ((await outputOf('go', ['version'])) === null) {
    throw new HelpPage(`no "go" on PATH to build ${missing.join(', ')} with`);
  }
  await mkdir(kubePrograms(), { recursive: true });
  const scratch = await mkdtemp(join(kubeCache(), 'build-'));
  try {
    if (missing.includes('etcd')) await step('etcd', () => unpackEtcd(scratch));
    if (missing.includes('crds')) await step('CRDs of the operators', () => copyCrds(scratch));
    for (const program of goPrograms.filter(({ name }) => missing.includes(name))) {
      await step(`go build ${program.name}`, () => buildProgram(program, scratch));
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
