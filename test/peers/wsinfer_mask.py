"""wsinfer_mask.py OVERVIEW.rgb WIDTH MPP OUT: the mask that WSInfer 0.6.1 makes of an overview whose pixels have MPP microns, less
what its polygon leaves out, as bytes into OUT. Prints how many pixels it left out."""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import shapely
from scipy import ndimage

warnings.simplefilter("ignore")
from wsinfer.patchlib.patch import get_multipolygon_from_binary_arr  # noqa: E402
from wsinfer.patchlib.segment import segment_tissue  # noqa: E402

file, width, mpp, out = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4])
image = np.fromfile(file, dtype=np.uint8).reshape(-1, width, 3)
mask = segment_tissue(
    image, min_object_size_px=round(200**2 / mpp**2), min_hole_size_px=round(190**2 / mpp**2)
).astype(np.uint8)
found = get_multipolygon_from_binary_arr(mask * 255, scale=(1.0, 1.0))
# A pixel is a point in the polygon or on its outline. Of a part that is left out, no pixel is. (A pixel that only hangs on to its part
# by a corner has no area and may be missing by itself.)
shape = shapely.Polygon() if found is None else found[0].buffer(0.01)
shapely.prepare(shape)
parts, count = ndimage.label(mask, np.ones((3, 3)))
y, x = np.nonzero(mask)
inside = shapely.contains_xy(shape, x, y)
present = np.zeros(count + 1, dtype=bool)
present[parts[y[inside], x[inside]]] = True
mask[~present[parts]] = 0
(mask * 255).tofile(out)
print(json.dumps({"leftOut": int(len(y) - mask.sum(dtype=np.int64))}))
