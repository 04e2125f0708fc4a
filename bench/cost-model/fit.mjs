// Least squares for a line, and what it leaves unexplained.

/** y = intercept + slope * x. */
export function fitLine(points) {
  const mean = (pick) => points.reduce((sum, point) => sum + pick(point), 0) / points.length;
  const [x, y] = [mean((p) => p.x), mean((p) => p.y)];
  const slope =
    points.reduce((sum, p) => sum + (p.x - x) * (p.y - y), 0) / points.reduce((sum, p) => sum + (p.x - x) ** 2, 0);
  const intercept = y - slope * x;
  const residuals = points.map((p) => p.y - (intercept + slope * p.x));
  return { intercept, slope, residuals };
}
