/** The built-in model for images of lesions: it loads by its name, and its card says what it is. */
import { describe, expect, it } from 'vitest';
import { loadModel } from '../../lib/index.js';

describe('demo-lesion', () => {
  it('loads by its name, and says that it is for drawn lesions alone', async () => {
    const { name, card, outputs, assumed } = await loadModel('demo-lesion');
    expect(name).toBe('demo-lesion');
    expect(outputs.map((output) => output.name)).toEqual(['target']);
    expect(card?.clinicalUse).toBe(false);
    expect(card?.intendedUse).toContain('demonstration only');
    expect(card?.limitations).toContain('Says nothing about real lesions');
    expect(assumed).toBeNull();
  });
});
