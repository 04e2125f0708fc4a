/** Numbers drawn into a picture: digits of 5 by 7 pixels, each pixel two wide and two high. */

export type Rgb = readonly [red: number, green: number, blue: number];

/** Each row is five bits, the leftmost the highest. */
const kGlyphs: Readonly<Record<string, readonly number[]>> = {
  '0': [14, 17, 19, 21, 25, 17, 14],
  '1': [4, 12, 4, 4, 4, 4, 14],
  '2': [14, 17, 1, 6, 8, 16, 31],
  '3': [14, 17, 1, 6, 1, 17, 14],
  '4': [2, 6, 10, 18, 31, 2, 2],
  '5': [31, 16, 30, 1, 1, 17, 14],
  '6': [6, 8, 16, 30, 17, 17, 14],
  '7': [31, 1, 2, 4, 8, 8, 8],
  '8': [14, 17, 17, 14, 17, 17, 14],
  '9': [14, 17, 17, 15, 1, 2, 12],
  '.': [0, 0, 0, 0, 0, 12, 12],
  '-': [0, 0, 0, 14, 0, 0, 0],
  '+': [0, 4, 4, 31, 4, 4, 0],
  e: [0, 0, 14, 17, 31, 16, 14],
};

const kGlyphPx = { width: 5, height: 7 };
const kScale = 2;

export const numberHeightPx: number = kGlyphPx.height * kScale;

export function numberWidthPx(text: string): number {
  return text.length * (kGlyphPx.width + 1) * kScale;
}

/** Left and top are of the first digit. */
export function drawNumber(
  { data, width }: { readonly data: Uint8Array; readonly width: number },
  text: string,
  left: number,
  top: number,
  ink: Rgb,
): void {
  for (const [i, letter] of [...text].entries()) {
    const rows = kGlyphs[letter] ?? [];
    for (let y = 0; y < rows.length * kScale; ++y) {
      for (let x = 0; x < kGlyphPx.width * kScale; ++x) {
        const bit = kGlyphPx.width - 1 - Math.floor(x / kScale);
        if ((((rows[Math.floor(y / kScale)] ?? 0) >> bit) & 1) === 0) continue;
        data.set(ink, ((top + y) * width + left + i * (kGlyphPx.width + 1) * kScale + x) * 3);
      }
    }
  }
}
