import { describe, expect, it } from 'vitest';
import { addReport, coverageOf } from './line-coverage.mjs';

describe('line coverage', () => {
  const report = (file, ...lines) => ({
    current_working_directory: '/checkout/build',
    files: [{ file, lines: lines.map(([line_number, count]) => ({ line_number, count })) }],
  });
  const wanted = (name) => name.startsWith('native/gpu/');

  it('counts a line once, and as run where one object ran it', () => {
    const counts = new Map();
    addReport(counts, report('/checkout/native/gpu/a.h', [3, 0], [4, 0], [5, 2]), '/checkout', wanted);
    addReport(counts, report('../native/gpu/a.h', [3, 1], [4, 0]), '/checkout', wanted);
    addReport(counts, report('/checkout/native/core/b.h', [1, 0]), '/checkout', wanted);
    addReport(counts, report('/usr/include/c.h', [1, 0]), '/checkout', wanted);
    expect(coverageOf(counts)).toEqual([{ name: 'native/gpu/a.h', lines: 3, run: 2, missed: [4] }]);
  });
});
