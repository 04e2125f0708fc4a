/** The networks of the rows: ResNet-18, a small convolutional network, and one that is all but nothing. */
import { INPUT, NetworkBuilder, type Layer } from './network.js';

/** He et al. 2015, table 1: 1.8 billion multiplications for a tile of 224 pixels. */
export function resNet18(): readonly Layer[] {
  const net = new NetworkBuilder(18);
  let x = net.maxPool(net.conv(INPUT, 3, 64, 7, 2), 3, 2);
  let from = 64;
  for (const to of [64, 128, 256, 512]) {
    for (const block of [0, 1]) {
      const stride = block === 0 && to > 64 ? 2 : 1;
      const shortcut = stride === 1 && from === to ? x : net.conv(x, from, to, 1, stride, false, 0.7);
      const y = net.conv(net.conv(x, from, to, 3, stride), to, to, 3, 1, false, 0.4);
      x = net.add(y, shortcut);
      from = to;
    }
  }
  return net.head(x, 512);
}

/** Four convolutions: 29.8 million multiplications for a tile of 224 pixels. */
export function smallCnn(): readonly Layer[] {
  const net = new NetworkBuilder(30);
  let x = net.conv(INPUT, 3, 16, 3, 2);
  x = net.conv(x, 16, 32, 3, 2);
  x = net.conv(x, 32, 32, 3, 2);
  x = net.conv(x, 32, 48, 3, 2);
  return net.head(x, 48);
}

/** The mean of each channel through a linear layer. */
export function meanColour(): readonly Layer[] {
  return new NetworkBuilder(3).head(INPUT, 3);
}
