/**
 * One tile in every compression that a slide may have, and a slide around it. The tile is four squares of 8 x 8 pixels in
 * four colours; it was encoded by libjpeg-turbo, libtiff's LZW, zlib, libzstd, libwebp and OpenJPEG, all but JPEG without
 * loss.
 */
import { type Tag, TagId, TiffWriter } from '../../../demo/slide/index.js';

const sidePx = 16;
const colours = [
  [200, 30, 60],
  [20, 160, 90],
  [40, 80, 220],
  [250, 240, 10],
] as const;

/** The pixels, row by row. */
export const tilePixels: readonly number[] = Array.from({ length: sidePx * sidePx }, (_, i) => {
  const [x, y] = [i % sidePx, Math.floor(i / sidePx)];
  return colours[(y < sidePx / 2 ? 0 : 2) + (x < sidePx / 2 ? 0 : 1)] as readonly number[];
}).flat();

const streams = {
  jpeg:
    '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJBwYGCAsICQoKCgoK' +
    'BggLDAsKDAkKCgr/2wBDAQICAgICAgUDAwUKBwYHCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoK' +
    'Cgr/wAARCAAQABADAREAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQID' +
    'AAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlq' +
    'c3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3' +
    '+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEI' +
    'FEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImK' +
    'kpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIRAxEAPwD5' +
    'Pr4c/wBTD2iuw/5szxev9YD+hD+hSv8Aj3P7cP/Z',
  lzw:
    'gDIDw8gUEgcFhEHhQ8CigLUNh8OiETiUVLUJg0ZjEYikRj0djsbhcijMgi0mj0klULlEti0rjUjgcuj8nh0wmE0mk4mUlm01oEQnkxn1' +
    'Bn8dFBQblJpdKplPp1Rbj6eAKqlWqtXrVZrgKqFNsFfr9brFlslksVStNgs9dttltdxqVvulduVhtVKutmt1Vu93vd7v95tl9vmHq+Dv' +
    'GFxGGskBAA==',
  deflate: 'eNo7IWdzAhsSWRCFFZ0YVU9V9RoBd7CiXx+4sKJR9dRVDwDKGV4Q',
  zstd: 'KLUv/WAAAv0AAGDIHjwUoFooUNz68AoGAE1ABeAb7jdNU6kAfMPPDQE=',
  webp: 'UklGRkIAAABXRUJQVlA4TDYAAAAvD8ADAB8gECCORCqSJkdIQJwwy3aDJCEB0Y0wwkTL5z+eFFUMhNlGk5zkJO99BhH9D61vgw8=',
  jpeg2000:
    '/0//UQAvAAAAAAAQAAAAEAAAAAAAAAAAAAAAEAAAABAAAAAAAAAAAAADBwEBBwEBBwEB/1IADAAAAAEAAQQEAAH/XAAHQEBISFD/ZAAl' +
    'AAFDcmVhdGVkIGJ5IE9wZW5KUEVHIHZlcnNpb24gMi41LjT/kAAKAAAAAAEOAAH/k9+BqC7+wqptGyS3PYOObNMBF3rBFb1Ao6xQw1rB' +
    '03UkE5uJDRLNEttle/7BQfvkKkbJLGrsVBh/z7S0EVBCDZPzlmIYSgbn4SkZawvxOPS/fOWTUMkh9VoGR2zKz2+51UKbS7zyx+iPz7TA' +
    'EVBCIf9UlM2zK4DX42QfC1aA6jzVgaAFDM03K8ebAUlFCrg/A8lTiOwr+cVTVC23x9oXH2hUPtBAIhk382hJ4zBUUn8DfAed5MD9xHq1' +
    'JCtjT8faFw+oKgPkBiFdNCz33xDbIjoPKd4l10ep4WfifyQsTcfaFx9oVB9QIEsgUOvM0msdEGcrAMrRYqY0JooNMSTcrrv/2Q==',
} as const;

/** The numbers of the tag Compression, by the names that `microtome doctor` uses. */
const compressions = { none: 1, jpeg: 7, lzw: 5, deflate: 8, zstd: 50000, webp: 50001, jpeg2000: 33005 } as const;
export type Codec = keyof typeof compressions;
export const codecs = Object.keys(compressions) as readonly Codec[];

/** How far a decoded sample may be from `tilePixels`. */
export const toleranceOf = (codec: Codec): number => (codec === 'jpeg' ? 2 : 0);

/** A slide of that one tile. */
export function writeTileSlide(path: string, codec: Codec): void {
  const writer = new TiffWriter(path);
  const tile = codec === 'none' ? Uint8Array.from(tilePixels) : Buffer.from(streams[codec], 'base64');
  const offset = writer.append(tile);
  const short = (id: number, ...values: number[]): Tag => ({ id, type: 'short', values });
  writer.addPage([
    short(TagId.imageWidth, sidePx),
    short(TagId.imageLength, sidePx),
    short(TagId.bitsPerSample, 8, 8, 8),
    short(TagId.compression, compressions[codec]),
    short(TagId.photometric, codec === 'jpeg' ? 6 : 2),
    short(TagId.samplesPerPixel, 3),
    short(TagId.planarConfiguration, 1),
    short(TagId.tileWidth, sidePx),
    short(TagId.tileLength, sidePx),
    { id: TagId.tileOffsets, type: 'long', values: [offset] },
    { id: TagId.tileByteCounts, type: 'long', values: [tile.length] },
    ...(codec === 'jpeg' ? [short(TagId.ycbcrSubSampling, 1, 1)] : []),
  ]);
  writer.close();
}
