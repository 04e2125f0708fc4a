import { describe, expect, it, vi } from 'vitest';
import { Turns } from '../../lib/core/turns.js';

describe('turns of the event loop', () => {
  it('are over after 2 ms, and begin anew', async () => {
    let nowMs = 100;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    try {
      const turns = new Turns();
      nowMs += 1.9;
      expect(turns.isOver).toBe(false);
      nowMs += 0.1;
      expect(turns.isOver).toBe(true);
      let others = 0;
      setImmediate(() => ++others);
      await turns.next();
      expect(others).toBe(1);
      expect(turns.isOver).toBe(false);
    } finally {
      clock.mockRestore();
    }
  });

  it('end with the reason of an abort', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const turns = new Turns(controller.signal);
    await turns.next();
    setImmediate(() => controller.abort(reason));
    await expect(turns.next()).rejects.toBe(reason);
  });
});
