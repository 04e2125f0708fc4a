/** A real control plane on this machine: etcd, the API server and the controllers of Jobs, owners, claims and lifetimes. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type Api, type Connection } from './api.js';
import { makeCertificates, type Certificates } from './certificates.js';
import { freePorts, start, stop, tailOf, temporaryFolder, until, type Running } from './processes.js';

/** The controllers that take part. One that the program does not know would end it. */
const controllers = [
  'job-controller',
  'garbage-collector-controller',
  'ttl-after-finished-controller',
  'namespace-controller',
  'persistentvolumeclaim-protection-controller',
];

export interface ControlPlane {
  readonly connection: Connection;
  readonly api: Api;
  readonly kubeconfig: string;
  readonly certificates: Certificates;
  /** Removed by `stop`. */
  readonly folder: string;
  /**
   * Starts one program more, with the ports that it is given, and waits until `isReady`. Again with other ports where another
   * program took one between the look and the use.
   */
  readonly add: (program: Program) => Promise<readonly number[]>;
  /** Ends what was started, the last first, and removes the folder. */
  readonly stop: () => Promise<void>;
}

export interface Program {
  readonly name: string;
  readonly portCount: number;
  readonly argsOf: (ports: readonly number[]) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly isReady: (ports: readonly number[]) => Promise<boolean>;
}

const quietly = async (answer: Promise<boolean>): Promise<boolean> => {
  try {
    return await answer;
  } catch {
    return false;
  }
};

interface StartedProgram {
  readonly running: Running;
  readonly ports: readonly number[];
}

const portTaken = /address already in use|bind: address/;

/** Starts one program; a program that ends before it is ready is an error with the end of its log. */
async function startProgram(programs: string, folder: string, program: Program): Promise<StartedProgram> {
  const { name, portCount, argsOf, env = {}, isReady } = program;
  for (let attempt = 1; ; attempt++) {
    const ports = await freePorts(portCount);
    const logFile = join(folder, `${name}-${attempt}.log`);
    const running = start([join(programs, name), ...argsOf(ports)], {
      env: { PATH: '/usr/bin:/bin', HOME: folder, TMPDIR: folder, ...env },
      cwd: folder,
      logFile,
    });
    const ready = (): Promise<boolean> => quietly(isReady(ports));
    try {
      await until(
        async () => !running.isRunning() || (await ready()),
        () => `${name}\n${tailOf(logFile)}`,
      );
    } catch (error) {
      await stop(running);
      throw error;
    }
    if (running.isRunning()) return { running, ports };
    const said = tailOf(logFile);
    if (attempt === 3 || !portTaken.test(said)) throw new Error(`${name} ended with ${await running.ended}:\n${said}`);
  }
}

const isOk = async (url: string): Promise<boolean> => (await fetch(url)).ok;

function etcd(folder: string): Program {
  const at = (port: number | undefined): string => `http://127.0.0.1:${port}`;
  return {
    name: 'etcd',
    portCount: 2,
    argsOf: ([client, peer]) => [
      ...[`--data-dir=${join(folder, 'etcd')}`, '--logger=zap'],
      ...[`--listen-client-urls=${at(client)}`, `--advertise-client-urls=${at(client)}`],
      ...[`--listen-peer-urls=${at(peer)}`, `--initial-advertise-peer-urls=${at(peer)}`],
      `--initial-cluster=default=${at(peer)}`,
    ],
    isReady: ([client]) => isOk(`${at(client)}/health`),
  };
}

/** Only the token is a way in, and it may do everything: who may do what is not what these tests are about. */
function apiServer(folder: string, etcdPort: number, certificates: Certificates, isReady: Program['isReady']): Program {
  const { certificateFile, keyFile, accountKeyFile } = certificates;
  return {
    name: 'kube-apiserver',
    portCount: 1,
    argsOf: ([port]) => [
      ...[`--etcd-servers=http://127.0.0.1:${etcdPort}`, `--secure-port=${port}`, '--bind-address=127.0.0.1'],
      ...[`--tls-cert-file=${certificateFile}`, `--tls-private-key-file=${keyFile}`, `--cert-dir=${folder}`],
      ...[`--service-account-key-file=${accountKeyFile}`, `--service-account-signing-key-file=${accountKeyFile}`],
      ...['--service-account-issuer=https://localhost', '--service-cluster-ip-range=10.0.0.0/24'],
      ...[`--token-auth-file=${join(folder, 'tokens.csv')}`, '--authorization-mode=AlwaysAllow'],
      ...['--disable-admission-plugins=ServiceAccount', '--endpoint-reconciler-type=none'],
      '--enable-priority-and-fairness=false',
    ],
    isReady,
  };
}

function controllerManager(
  folder: string,
  kubeconfig: string,
  { certificateFile, keyFile }: Certificates,
  isReady: Program['isReady'],
): Program {
  return {
    name: 'kube-controller-manager',
    portCount: 1,
    argsOf: ([port]) => [
      ...[`--kubeconfig=${kubeconfig}`, `--controllers=${controllers.join(',')}`, '--leader-elect=false'],
      ...[`--secure-port=${port}`, '--bind-address=127.0.0.1', `--cert-dir=${folder}`],
      ...[`--tls-cert-file=${certificateFile}`, `--tls-private-key-file=${keyFile}`],
    ],
    isReady,
  };
}

function writeKubeconfig(file: string, { server, token }: Connection, certificates: Certificates): void {
  const authority = Buffer.from(certificates.pem['ca.crt']).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'tests', cluster: { server, 'certificate-authority-data': authority } }],
    users: [{ name: 'tests', user: { token } }],
    contexts: [{ name: 'tests', context: { cluster: 'tests', user: 'tests', namespace: 'default' } }],
    'current-context': 'tests',
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
}

/** Programs of one run, in the order in which they were started, and the folder of their files. */
class Started {
  readonly folder = temporaryFolder('microtome-kube-');
  readonly #running: Running[] = [];
  readonly #apis: Api[] = [];

  constructor(readonly programs: string) {}

  async add(program: Program): Promise<readonly number[]> {
    const { running, ports } = await startProgram(this.programs, this.folder, program);
    this.#running.push(running);
    return ports;
  }

  connect(connection: Connection): Api {
    const api = connect(connection);
    this.#apis.push(api);
    return api;
  }

  async stop(): Promise<void> {
    for (const api of this.#apis) api.close();
    for (const one of this.#running.reverse()) await stop(one);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function startIn(started: Started): Promise<ControlPlane> {
  const { folder } = started;
  mkdirSync(join(folder, 'certificates'));
  const certificates = await makeCertificates(join(folder, 'certificates'));
  const token = randomBytes(16).toString('hex');
  writeFileSync(join(folder, 'tokens.csv'), `${token},tests,tests,"system:masters"\n`, { mode: 0o600 });
  const connectionAt = (port: number | undefined): Connection => {
    return { server: `https://127.0.0.1:${port}`, caFile: certificates.caFile, token };
  };
  const [etcdPort] = await started.add(etcd(folder));
  const saysOk = async (port: number | undefined, path: string, as = token): Promise<boolean> => {
    const api = connect({ ...connectionAt(port), token: as });
    return (await api.call('GET', path).finally(() => api.close())) === 'ok';
  };
  const [port] = await started.add(
    apiServer(folder, etcdPort as number, certificates, ([port]) => saysOk(port, '/readyz')),
  );
  const connection = connectionAt(port);
  const kubeconfig = join(folder, 'kubeconfig');
  writeKubeconfig(kubeconfig, connection, certificates);
  // Everybody may ask whether the controllers are well; a token would have to be checked.
  await started.add(controllerManager(folder, kubeconfig, certificates, ([port]) => saysOk(port, '/healthz', '')));
  const api = started.connect(connection);
  const add = (program: Program): Promise<readonly number[]> => started.add(program);
  return { connection, api, kubeconfig, certificates, folder, add, stop: () => started.stop() };
}

/** @param programs folder of the programs that scripts/steps/kube-binaries.mjs builds */
export async function startControlPlane(programs: string): Promise<ControlPlane> {
  const started = new Started(programs);
  try {
    return await startIn(started);
  } catch (error) {
    await started.stop();
    throw error;
  }
}
