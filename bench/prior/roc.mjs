// How well a number per tile tells tissue from glass. A tile is { score, tissue }: tissue is the share of its area.
// Tiles with a quarter of tissue or more are tissue, those with none are glass, the others are neither.

const isTissue = (tile) => tile.tissue >= 0.25;
const isGlass = (tile) => tile.tissue === 0;

/** Points [false positive rate, true positive rate] from (0, 0) to (1, 1), ties in one step. */
export function rocPoints(tiles) {
  const sorted = tiles.filter((tile) => isTissue(tile) || isGlass(tile)).sort((a, b) => b.score - a.score);
  const positives = sorted.filter(isTissue).length;
  const negatives = sorted.length - positives;
  const points = [[0, 0]];
  let [found, wrong] = [0, 0];
  for (const [i, tile] of sorted.entries()) {
    if (isTissue(tile)) found++;
    else wrong++;
    if (sorted[i + 1]?.score !== tile.score) points.push([wrong / negatives, found / positives]);
  }
  return points;
}

/** Area under the curve; NaN without both kinds. */
export function auc(points) {
  let area = 0;
  for (let i = 1; i < points.length; i++)
    area += ((points[i][0] - points[i - 1][0]) * (points[i][1] + points[i - 1][1])) / 2;
  return area;
}

/** What dropping every tile below the threshold does: share of tissue area lost, share of glass tiles dropped. */
export function droppedBelow(tiles, threshold) {
  let [tissue, lost, glass, dropped] = [0, 0, 0, 0];
  for (const tile of tiles) {
    const below = tile.score < threshold;
    tissue += tile.tissue;
    if (below) lost += tile.tissue;
    if (isGlass(tile)) glass++;
    if (isGlass(tile) && below) dropped++;
  }
  return { lost: tissue === 0 ? 0 : lost / tissue, dropped: glass === 0 ? Number.NaN : dropped / glass };
}

/** The highest threshold that loses at most `maxLost` of the tissue area. Only one that knows the truth can choose it. */
export function bestThreshold(tiles, maxLost = 0.005) {
  const allowed = maxLost * tiles.reduce((sum, tile) => sum + tile.tissue, 0);
  let lost = 0;
  for (const tile of [...tiles].sort((a, b) => a.score - b.score)) {
    lost += tile.tissue;
    if (lost > allowed) return tile.score;
  }
  return Number.POSITIVE_INFINITY;
}
