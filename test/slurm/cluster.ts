/** A Slurm of one node in a temporary folder: munged, slurmctld and slurmd as processes of this test, and nothing else. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { randomBytes } from 'node:crypto';
import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../shards/support.js';

const call = promisify(execFile);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Everything that needs a daemon of the system, an account or a control group is left out. */
async function configuration(folder: string): Promise<string> {
  const host = hostname().split('.')[0];
  const [controller, daemon] = [await freePort(), await freePort()];
  const path = (name: string): string => join(folder, name);
  return `ClusterName=microtome-test
SlurmctldHost=${host}(127.0.0.1)
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=${path('munge.socket')},cred_expire=5
SlurmUser=root
SlurmdUser=root
SlurmctldPort=${controller}
SlurmdPort=${daemon}
StateSaveLocation=${path('state')}
SlurmdSpoolDir=${path('spool')}
SlurmctldPidFile=${path('slurmctld.pid')}
SlurmdPidFile=${path('slurmd.pid')}
SlurmctldLogFile=${path('slurmctld.log')}
SlurmdLogFile=${path('slurmd.log')}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
KillWait=2
SchedulerParameters=sched_interval=1,batch_sched_delay=0
NodeName=${host} NodeAddr=127.0.0.1 CPUs=${availableParallelism()}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
}

export class Cluster {
  readonly #daemons: ChildProcess[] = [];

  private constructor(readonly folder: string) {}

  static async start(folder: string): Promise<Cluster> {
    const cluster = new Cluster(folder);
    const path = (name: string): string => join(folder, name);
    for (const name of ['state', 'spool']) await mkdir(path(name));
    await writeFile(path('munge.key'), randomBytes(1024), { mode: 0o400 });
    await writeFile(path('slurm.conf'), await configuration(folder));
    cluster.#begin('munged', [
      '--foreground',
      `--key-file=${path('munge.key')}`,
      `--socket=${path('munge.socket')}`,
      `--pid-file=${path('munged.pid')}`,
      `--seed-file=${path('munge.seed')}`,
      `--log-file=${path('munged.log')}`,
      '--num-threads=2',
    ]);
    await until(async () => {
      await cluster.#requireAlive();
      return (await call('munge', ['-n', '-S', path('munge.socket')]).catch(() => null)) !== null;
    });
    cluster.#begin('slurmctld', ['-D', '-i', '-f', path('slurm.conf')]);
    cluster.#begin('slurmd', ['-D', '-f', path('slurm.conf')]);
    await until(async () => {
      await cluster.#requireAlive();
      return (await cluster.call('sinfo', ['-h', '-o', '%T']).catch(() => '')).trim() === 'idle';
    });
    return cluster;
  }

  #begin(program: string, args: readonly string[]): void {
    const log = openSync(join(this.folder, `${program}.out`), 'a');
    const env = { ...process.env, SLURM_CONF: join(this.folder, 'slurm.conf') };
    this.#daemons.push(spawn(program, args, { stdio: ['ignore', log, log], env }));
  }

  async #requireAlive(): Promise<void> {
    const dead = this.#daemons.find(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null);
    if (dead === undefined) return;
    const [out, log] = [await this.log(`${dead.spawnfile}.out`), await this.log(`${dead.spawnfile}.log`)];
    throw new Error(`${dead.spawnfile} has ended, with ${dead.exitCode ?? dead.signalCode}: ${out}${log}`);
  }

  /** The output of a program of Slurm, or of a script that calls some. */
  async call(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    const { stdout } = await call(program, args, {
      cwd: this.folder,
      env: { ...process.env, ...env, SLURM_CONF: join(this.folder, 'slurm.conf') },
    });
    return stdout;
  }

  /** State of a job, or of a task as 12_3, as scontrol calls it: PENDING, RUNNING, COMPLETED, CANCELLED, … */
  async states(job: string): Promise<readonly string[]> {
    const text = await this.call('scontrol', ['-o', 'show', 'job', job]).catch(() => '');
    return [...text.matchAll(/\bJobState=(\S+)/g)].map(([, state]) => state ?? '');
  }

  /** Waits until nothing of the jobs waits or runs any more. */
  async ended(...jobs: readonly string[]): Promise<void> {
    const over = new Set(['COMPLETED', 'FAILED', 'CANCELLED', 'TIMEOUT', 'NODE_FAIL', 'OUT_OF_MEMORY']);
    for (const job of jobs)
      await until(async () => {
        await this.#requireAlive();
        const states = await this.states(job);
        return states.length > 0 && states.every((state) => over.has(state));
      });
  }

  async log(name: string): Promise<string> {
    return readFile(join(this.folder, name), 'utf8').catch(() => '');
  }

  async stop(): Promise<void> {
    for (const daemon of this.#daemons.reverse()) {
      if (daemon.exitCode !== null || daemon.signalCode !== null) continue;
      const ended = once(daemon, 'exit');
      daemon.kill('SIGTERM');
      await ended;
    }
  }
}
