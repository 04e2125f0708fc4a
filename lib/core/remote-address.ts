/** Addresses of slides that are no files. */
import { MicrotomeError } from './errors.js';

export function isRemote(address: string): boolean {
  return /^(https?|s3|gs|az|ftp):\/\//i.test(address);
}

export function remoteRefused(address: string): MicrotomeError {
  const found = `${address.slice(0, 200)} is not a file; this version reads slides from files only`;
  return new MicrotomeError('NETWORK', 'slide', found, {
    path: address,
    advice: 'download the slide and pass its path, or pass a byte source that reads it',
  });
}
