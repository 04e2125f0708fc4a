"""icc.py FOLDER IMAGE...: gives each image the profile of a scanner as a TIFF in FOLDER, applies the profile with Pillow's
ImageCms, writes the pixels before and after as raw RGB, and prints a line of JSON for each case."""

import io
import json
import sys
from pathlib import Path

import numpy as np
from icc_profiles import primaries_and_gamma, table_to_lab
from PIL import Image, ImageCms

folder = Path(sys.argv[1])
profiles = {"primaries": primaries_and_gamma(), "table": table_to_lab()}
for path in sys.argv[2:]:
    pixels = Image.open(path).convert("RGB")
    for kind, profile in profiles.items():
        name = f"{Path(path).stem} {kind}"
        slide, before, after = (str(folder / f"{name}{end}") for end in (".tif", " before.rgb", " after.rgb"))
        pixels.save(slide, compression="tiff_adobe_deflate", icc_profile=profile)
        source = ImageCms.ImageCmsProfile(io.BytesIO(Image.open(slide).info["icc_profile"]))
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        result = ImageCms.profileToProfile(pixels, source, ImageCms.createProfile("sRGB"), renderingIntent=intent)
        np.asarray(pixels).tofile(before)
        np.asarray(result).tofile(after)
        print(json.dumps({"name": name, "slide": slide, "before": before, "after": after}))
