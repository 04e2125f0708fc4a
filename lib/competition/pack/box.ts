/**
 * What the box, the machine of the challenge, has, as far as a binary can need it. The challenge runs Ubuntu 20.04 and the local copy
 * Debian 11: both have glibc 2.31 and the C++ library of GCC 10. For glibc we ask for less: 2.28 is what this package promises
 * everywhere.
 */

/** The highest version of each family of symbols, and the library that has them. */
export const boxVersions: Readonly<Record<'GLIBC' | 'GLIBCXX' | 'CXXABI' | 'GCC', readonly number[]>> = {
  GLIBC: [2, 28],
  GLIBCXX: [3, 4, 28],
  CXXABI: [1, 3, 12],
  GCC: [7, 0, 0],
};

/** Versions without a number that the C++ library of the machine has. */
export const boxNamedVersions: ReadonlySet<string> = new Set(['CXXABI_TM_1', 'CXXABI_FLOAT128']);

/** The program that loads other programs; each of them names it by its path. */
export const boxLoader = '/lib64/ld-linux-x86-64.so.2';

/** The libraries that are on the machine. */
export const boxLibraries: ReadonlySet<string> = new Set([
  'ld-linux-x86-64.so.2',
  'libanl.so.1',
  'libc.so.6',
  'libdl.so.2',
  'libm.so.6',
  'libmvec.so.1',
  'libpthread.so.0',
  'libresolv.so.2',
  'librt.so.1',
  'libutil.so.1',
  'libgcc_s.so.1',
  'libstdc++.so.6',
]);

/** The libraries that come with the driver of an NVIDIA GPU, never with a program. */
export const driverLibraries: ReadonlySet<string> = new Set([
  'libcuda.so.1',
  'libnvcuvid.so.1',
  'libnvidia-encode.so.1',
  'libnvidia-ml.so.1',
  'libnvidia-ptxjitcompiler.so.1',
]);

/** The columns of the metadata of the challenge. `resolution` came with its second edition. */
export const boxColumns: ReadonlySet<string> = new Set([
  'filename',
  'age',
  'sex',
  'body_site',
  'melanoma_history',
  'resolution',
]);

/** The GPU of the machine is a Tesla K80. */
export const boxArchitecture = 'sm_37';
