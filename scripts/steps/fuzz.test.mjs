// What is read from a fuzzer's closing lines: figures that are reported as cost must not come from elsewhere.
import { describe, expect, it } from 'vitest';
import { readFuzzReport } from './fuzz.mjs';

const start = '#2\tINITED cov: 40 ft: 50 corp: 2/9b exec/s: 0 rss: 30Mb\n';

describe('readFuzzReport', () => {
  it('takes the last figures of a run that held', () => {
    const output = `${start}#900\tNEW    cov: 61 ft: 99 corp: 17/300b lim: 40 exec/s: 0 rss: 31Mb L: 4/8 MS: 1 CMP-
Done 1234 runs in 3 second(s)
stat::number_of_executed_units: 1234
stat::peak_rss_mb:              33
cpu seconds: 2.5
`;
    expect(readFuzzReport(output)).toEqual({
      runs: 1234,
      cpuSeconds: 2.5,
      coverage: 61,
      inputs: 17,
      peakMegabytes: 33,
      reason: null,
    });
  });

  it('says what did not hold, before what the sanitizer says', () => {
    const output = `${start}tile_checks.h:44: does not hold: a == b
SUMMARY: libFuzzer: deadly signal
stat::number_of_executed_units: 102
`;
    const report = readFuzzReport(output);
    expect(report.reason).toBe('does not hold: a == b');
    expect(report.runs).toBe(102);
    expect(report.cpuSeconds).toBe(0);
  });

  it('says what the sanitizer found', () => {
    const output = 'SUMMARY: AddressSanitizer: heap-buffer-overflow in f\n';
    expect(readFuzzReport(output).reason).toBe('AddressSanitizer: heap-buffer-overflow in f');
  });

  it('names the signal that ended a program that said nothing, and what was found where it said something', () => {
    expect(readFuzzReport(start, 'SIGKILL').reason).toBe('ended by SIGKILL');
    const found = 'SUMMARY: libFuzzer: out-of-memory\n';
    expect(readFuzzReport(found, 'SIGKILL').reason).toBe('libFuzzer: out-of-memory');
  });

  it('counts the runs of a program that was killed by its last line', () => {
    expect(readFuzzReport(`${start}#77\tpulse  cov: 40 ft: 50 corp: 2/9b\n`).runs).toBe(77);
  });
});
