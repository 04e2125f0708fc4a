/** A real object store for tests: Versity's S3 gateway over a folder. `npm run test:storage` builds it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  S3Client,
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';

export const keys = { accessKeyId: 'microtome-test', secretAccessKey: 'planted-secret-of-the-test' };

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class Gateway {
  readonly client: S3Client;

  private constructor(
    readonly endpoint: string,
    private readonly child: ChildProcess,
    private readonly folder: string,
  ) {
    this.client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: keys });
  }

  static async start(program: string): Promise<Gateway> {
    const folder = mkdtempSync(join(tmpdir(), 'microtome-store-'));
    for (const name of ['data', 'attributes']) mkdirSync(join(folder, name));
    const port = await freePort();
    const args = [
      '--port',
      `127.0.0.1:${port}`,
      '--access',
      keys.accessKeyId,
      '--secret',
      keys.secretAccessKey,
      '--quiet',
    ];
    const own = ['--keep-alive', 'posix', '--sidecar', join(folder, 'attributes'), join(folder, 'data')];
    const child = spawn(program, [...args, ...own], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stdout.on('data', (text) => (said += text));
    child.stderr.on('data', (text) => (said += text));
    const ended = new Promise<never>((_, reject) => {
      child.once('exit', (code) => reject(new Error(`the store ended with ${code}: ${said}`)));
    });
    ended.catch(() => undefined);
    const gateway = new Gateway(`http://127.0.0.1:${port}`, child, folder);
    await Promise.race([gateway.#ready(), ended]);
    return gateway;
  }

  /** Until it answers at all. */
  async #ready(): Promise<void> {
    for (;;) {
      const answers = await fetch(this.endpoint).then(
        () => true,
        () => false,
      );
      if (answers) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    this.client.destroy();
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  async makeBucket(name: string): Promise<void> {
    await this.client.send(new CreateBucketCommand({ Bucket: name }));
  }

  async put(bucket: string, key: string, body: Uint8Array): Promise<void> {
    await this.client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
  }

  async text(bucket: string, key: string): Promise<string> {
    const { Body } = await this.client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return (await Body?.transformToString()) ?? '';
  }

  async isThere(bucket: string, key: string): Promise<boolean> {
    return this.client.send(new HeadObjectCommand({ Bucket: bucket, Key: key })).then(
      () => true,
      () => false,
    );
  }
}
