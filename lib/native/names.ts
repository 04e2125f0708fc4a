/** Words that the addon uses for what it found. */

/** How the stored tiles of a level are compressed; `rendered` where another library gives pixels and does not say. */
export type CompressionName =
  | 'none'
  | 'jpeg'
  | 'lzw'
  | 'deflate'
  | 'zstd'
  | 'webp'
  | 'jpeg2000-ycbcr'
  | 'jpeg2000-lossy'
  | 'jpeg2000-rgb'
  | 'jpeg2000'
  | 'rendered';

/** A codec that a build has or lacks: one for all kinds of JPEG 2000. */
export type CodecName = 'none' | 'jpeg' | 'lzw' | 'deflate' | 'zstd' | 'webp' | 'jpeg2000';

/** What the samples of a level mean. */
export type PhotometricName = 'minIsWhite' | 'minIsBlack' | 'rgb' | 'palette' | 'ycbcr';

/** Where a slide's resolution comes from: the option `slideMpp`, what the dialect of that name says, the tags of TIFF, or OpenSlide. */
export type ResolutionSource = 'option' | 'aperio' | 'leica' | 'ome' | 'openslide' | 'tiff' | 'trestle' | 'ventana';

/** How the level that is read becomes the model's resolution. */
export type ReadPolicyName = 'level' | 'mpp-exact' | 'mpp-reduce' | 'mpp-enlarge' | 'mpp-level0';

/** What an element of a tensor is. `type 17` is an element type of ONNX that this version has no name for. */
export type ElementType =
  | 'float32'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'string'
  | 'bool'
  | 'float16'
  | 'float64'
  | 'uint32'
  | 'uint64'
  | 'complex64'
  | 'complex128'
  | 'bfloat16'
  | 'not a tensor'
  | `type ${number}`;
