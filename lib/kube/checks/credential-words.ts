/** What looks like a credential: by the name of a variable or flag, or by the form of the value. */

const kSecretWords = new Set([
  'key',
  'keys',
  'apikey',
  'token',
  'tokens',
  'secret',
  'secrets',
  'password',
  'passwd',
  'passphrase',
  'credential',
  'credentials',
  'pass',
  'pwd',
  'auth',
]);
const kSecretEnds = /(?:key|token|password|secret|passphrase)$/;
/** Flags are also called `--key` for the key of a table, so these words alone say nothing there. */
const kFlagWords = new Set([...kSecretWords].filter((word) => !/^keys?$/.test(word)));
const kKeyFlags = /(?:^|-)(?:api|access|secret|private|account|auth|license)-?keys?(?:-|$)/;

/** The value of a flag such as --kaggle-key is a key where it is this long and has letters and digits. */
const kKeyLike = /^(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9+/_=-]{20,4096}$/;

/** Every repetition is bounded, so that a hostile text costs no more than a long one. */
const kForms: readonly RegExp[] = [
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY/,
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/,
  /\bgh[pousr]_[A-Za-z0-9]{20,}/,
  /\bgithub_pat_[A-Za-z0-9_]{20,}/,
  /\bglpat-[A-Za-z0-9_-]{16,}/,
  /\bhf_[A-Za-z0-9]{20,}/,
  /\bnpm_[A-Za-z0-9]{30,}/,
  /\bxox[abeprs]-[A-Za-z0-9-]{10,}/,
  /\bsk-[A-Za-z0-9_-]{20,}/,
  /\bAIza[0-9A-Za-z_-]{30,}/,
  /\beyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{8,4096}\./,
  /"(?:key|token|password|secret|private_key)"\s*:\s*"[^"]{8,4096}"/,
  /\b(?:Bearer|Basic)\s+[A-Za-z0-9+/._~-]{16,}/i,
  /[?&](?:X-Amz-Signature|X-Goog-Signature|sig|access_token|api_key|token)=[^&\s]{8,}/i,
  /[a-z][a-z0-9+.-]{0,20}:\/\/[^\s/@:?#]{0,256}:[^\s/@]{1,1024}@/i,
];

/** True for a value whose form is that of a credential: a private key, a token of a known service, a URL with a password. */
export function looksLikeCredential(value: string): boolean {
  return kForms.some((form) => form.test(value));
}

/** `AWS_SECRET_ACCESS_KEY`, `apiToken`: its words, in lower case. */
function wordsOf(name: string): readonly string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}

/** The value is a place or a name of the credential, not the credential. */
const isPlace = (words: readonly string[], value: string): boolean =>
  ['file', 'path', 'dir', 'name'].includes(words.at(-1) ?? '') && !looksLikeCredential(value);

/** A value that says whether, and not what. */
const isSwitch = (value: string): boolean => /^(?:true|false)$/.test(value);

/** True for a variable such as KAGGLE_KEY whose value should come from a Secret. PWD is the folder of a program. */
export function isSecretName(name: string, value: string): boolean {
  const words = wordsOf(name);
  if (isPlace(words, value) || isSwitch(value) || name === 'PWD') return false;
  return words.some((word) => kSecretWords.has(word)) || kSecretEnds.test(words.at(-1) ?? '');
}

/** True for a flag such as --token whose value should come from a Secret. */
export function isSecretFlag(flag: string, value: string): boolean {
  const name = flag.replace(/^-+/, '');
  const words = wordsOf(name);
  if (isPlace(words, value) || isSwitch(value)) return false;
  const isKey = words.length > 1 && words.at(-1) === 'key' && kKeyLike.test(value);
  return isKey || words.some((word) => kFlagWords.has(word)) || kKeyFlags.test(words.join('-'));
}
