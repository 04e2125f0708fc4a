/** Finds what a misspelt word was probably meant to be. */

/** The choice that `word` is a likely misspelling of, or null. */
export function nearest(word: string, choices: readonly string[]): string | null {
  const plain = (s: string): string => s.toLowerCase().replace(/[^a-z0-9]/g, '');
  const wanted = plain(word.slice(0, 100));
  // Of one letter every edit makes every other: `w` is `width`, and never `x`.
  if (wanted.length === 1) return onlyExtension(wanted, choices, plain);
  let best: string | null = null;
  let bestDistance = Infinity;
  for (const choice of choices) {
    const distance = editDistance(wanted, plain(choice));
    if (distance < bestDistance) [best, bestDistance] = [choice, distance];
  }
  if (bestDistance <= Math.max(1, Math.min(3, Math.floor(wanted.length / 3)))) return best;
  // Two or three letters begin too many words by chance.
  return wanted.length < 4 ? null : onlyExtension(wanted, choices, plain);
}

/** `--onnx-runtime` for `--onnx-runtime-path`: the one choice that goes on from the word. */
function onlyExtension(wanted: string, choices: readonly string[], plain: (s: string) => string): string | null {
  const longer = choices.filter((choice) => plain(choice).startsWith(wanted));
  return longer.length === 1 ? (longer[0] ?? null) : null;
}

/** Edits (insert, delete, replace, swap of neighbours) between two short words. */
function editDistance(a: string, b: string): number {
  const width = b.length + 1;
  const d = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number): number => d[i * width + j] ?? 0;
  for (let i = 0; i <= a.length; ++i) d[i * width] = i;
  for (let j = 0; j <= b.length; ++j) d[j] = j;
  for (let i = 1; i <= a.length; ++i) {
    for (let j = 1; j <= b.length; ++j) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, at(i - 2, j - 2) + 1);
      d[i * width + j] = least;
    }
  }
  return at(a.length, b.length);
}
