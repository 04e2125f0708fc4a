// The arithmetic of gpu-check: numbers in, numbers and tables out.

/** How far two lists of scores are apart, by the path of the slide. Throws where a slide is in one only. */
export function agreement(expected, found, tolerance) {
  if (expected.size === 0) throw new Error('no slide was scored');
  let largest = 0;
  for (const [path, score] of expected) {
    const other = found.get(path);
    if (other === undefined) throw new Error(`${path} was not scored both times`);
    largest = Math.max(largest, Math.abs(other - score));
  }
  if (found.size !== expected.size) throw new Error('a slide was not scored both times');
  return { largest, tolerance, isWithin: largest <= tolerance };
}

/** 1, 2, 4, … and the most. */
export function threadCounts(most) {
  const counts = [];
  for (let count = 1; count < most; count *= 2) counts.push(count);
  return [...counts, most];
}

/** What a worker does of what one alone does; `most`: the stage that takes the most time. */
export function efficiency(rows) {
  const one = rows[0].tilesPerSecond / rows[0].threads;
  return rows.map(({ threads, tilesPerSecond, shares }) => {
    const [stage, share] = Object.entries(shares).sort(([, a], [, b]) => b - a)[0] ?? ['', 0];
    return {
      threads,
      tilesPerSecond,
      perCore: tilesPerSecond / threads / one,
      most: `${stage} ${(100 * share).toFixed(0)} %`,
    };
  });
}

/** A table in Markdown; the keys of the first row are its heads. */
export function markdownTable(rows) {
  const heads = Object.keys(rows[0]);
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map((row) => line(heads.map((head) => row[head])))].join(
    '\n',
  );
}
