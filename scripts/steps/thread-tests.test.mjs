// Which of the sanitizer's reports are ours: what Node does inside itself is not, what our code touches is.
import { describe, expect, it } from 'vitest';
import { ownRaces } from './thread-tests.mjs';

const line = '='.repeat(18);
const report = (touching, began) => `${line}
WARNING: ThreadSanitizer: data race (pid=7)
  Write of size 8 at 0x7b3000006db8 by thread T3:
    #0 operator delete(void*, unsigned long) tsan_new_delete.cpp:150 (libtsan.so.2+0x86c3d)
    #1 ${touching}

  Previous read of size 8 at 0x7b3000006db8 by main thread:
    #0 memmove sanitizer_common_interceptors.inc:810 (libtsan.so.2+0x5dc76)

  Thread T3 (tid=9, running) created by main thread at:
    #0 pthread_create tsan_interceptors_posix.cpp:1001 (libtsan.so.2+0x5e686)
    #1 ${began}

SUMMARY: ThreadSanitizer: data race tsan_new_delete.cpp:150 in operator delete(void*, unsigned long)
${line}
`;
const ours = 'microtome::engine::Engine::work() native/engine/engine.cc:90 (microtome.node+0x1234)';
const theirs = 'v8::platform::DefaultJobWorker::~DefaultJobWorker() <null> (node+0x1d5aa65)';

describe('ownRaces', () => {
  it('keeps what our code touches, whoever began the thread', () => {
    const output = `line\n${report(theirs, theirs)}${report(ours, theirs)}more\n${report(ours, ours)}`;
    expect(ownRaces(output)).toHaveLength(2);
  });
  it('leaves out what happens inside Node, on a thread of ours too', () => {
    expect(ownRaces(report(theirs, theirs) + report(theirs, ours))).toEqual([]);
    expect(ownRaces('')).toEqual([]);
  });
  it('leaves out what V8 does with its own memory while our code calls it', () => {
    expect(ownRaces(report(`${theirs}\n    #2 ${ours}`, theirs))).toEqual([]);
    expect(ownRaces(report(`${ours}\n    #2 ${theirs}`, theirs))).toHaveLength(1);
  });
});
