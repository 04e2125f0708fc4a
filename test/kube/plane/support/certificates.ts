/** One authority, and one certificate for 127.0.0.1 that the API server and the webhooks of all operators show. */
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Certificates {
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Signs the tokens of service accounts. */
  readonly accountKeyFile: string;
  /** Contents, as a Secret of the training operator has them. */
  readonly pem: Readonly<Record<'ca.crt' | 'ca.key' | 'tls.crt' | 'tls.key', string>>;
}

/**
 * The training operator makes its own certificates where the authority has not this name, the certificate not the name of its
 * service, or a key another form than PKCS #1. Its own are for no address.
 */
const authorityName = 'subjectAltName=DNS:training-operator-ca';
const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:training-operator.kubeflow.svc';

export async function makeCertificates(folder: string): Promise<Certificates> {
  const file = (name: string): string => join(folder, name);
  for (const name of ['ca.key', 'tls.key', 'account.key']) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(file(name), privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  }
  await run('openssl', [
    ...['req', '-x509', '-key', file('ca.key'), '-out', file('ca.crt'), '-days', '3650', '-subj', '/CN=tests'],
    ...['-addext', 'keyUsage=critical,keyCertSign,digitalSignature', '-addext', authorityName],
  ]);
  await run('openssl', ['req', '-new', '-key', file('tls.key'), '-out', file('tls.csr'), '-subj', '/CN=127.0.0.1']);
  writeFileSync(file('tls.ext'), `${names}\nextendedKeyUsage=serverAuth\nbasicConstraints=critical,CA:FALSE\n`);
  await run('openssl', [
    ...['x509', '-req', '-in', file('tls.csr'), '-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-set_serial', '2'],
    ...['-out', file('tls.crt'), '-days', '3650', '-extfile', file('tls.ext')],
  ]);
  const read = (name: string): Promise<string> => readFile(file(name), 'utf8');
  return {
    caFile: file('ca.crt'),
    certificateFile: file('tls.crt'),
    keyFile: file('tls.key'),
    accountKeyFile: file('account.key'),
    pem: {
      'ca.crt': await read('ca.crt'),
      'ca.key': await read('ca.key'),
      'tls.crt': await read('tls.crt'),
      'tls.key': await read('tls.key'),
    },
  };
}
