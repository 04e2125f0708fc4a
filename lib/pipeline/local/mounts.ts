/** Paths of containers become folders of this machine. */

/** Where a volume is in a container, and here. */
export interface Mount {
  readonly path: string;
  readonly folder: string;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * Replaces paths of volumes in a word: `/data/x`, `--images=/data/x`, `a:/data`. One pass, so that a folder that itself
 * contains such a path is not looked at again.
 */
export function withFolders(word: string, mounts: readonly Mount[]): string {
  if (mounts.length === 0) return word;
  const longestFirst = [...mounts].sort((a, b) => b.path.length - a.path.length);
  const paths = longestFirst.map(({ path }) => escaped(path)).join('|');
  const pattern = new RegExp(`(^|[=:,;\\s"'(])(${paths})(?=$|[/:,;\\s"')])`, 'g');
  return word.replace(pattern, (_, before: string, path: string) => {
    const mount = longestFirst.find((one) => one.path === path);
    return `${before}${mount?.folder ?? path}`;
  });
}
