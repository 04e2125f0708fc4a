"""The images of lesions: positional reads at the places of the library's index, decoded and resized as a bundle says."""

import io
import json
import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from train.common.errors import TrainingError

# Beyond this Pillow's own limit; a crop of a lesion is a thousandth of it.
MOST_PIXELS = 100_000_000
#: What the bundle calls this way to resize: Pillow's bilinear filter, which averages areas where it reduces.
RESIZE = "pil-bilinear"


class CropFile:
    """Images in one file. Reads may come from any thread."""

    def __init__(self, images: Path, index: Path):
        described = json.loads(Path(index).read_text())
        if described.get("formatVersion") != 1:
            raise TrainingError("INDEX_INVALID", f"{index} is no index of format 1")
        self.path, self.sha256 = Path(images), described["sha256"]
        self._file = os.open(images, os.O_RDONLY | os.O_CLOEXEC)
        size = os.fstat(self._file).st_size
        if size != described["fileBytes"]:
            os.close(self._file)
            raise TrainingError("INDEX_INVALID", f"{images} has {size} bytes; {index} was made of {described['fileBytes']}")
        self._place = dict(zip(described["names"], zip(described["offsets"], described["bytes"])))

    def __contains__(self, name: str) -> bool:
        return name in self._place

    def read(self, name: str) -> bytes:
        """The bytes of a JPEG file, as they are stored."""
        if name not in self._place:
            raise TrainingError("CROP_MISSING", f"{self.path} has no image {name}")
        offset, count = self._place[name]
        data = os.pread(self._file, count, offset)
        if len(data) != count:
            raise TrainingError("CROP_UNREADABLE", f"{self.path} ends within the image {name}")
        return data

    def pixels(self, name: str, size_px: int) -> np.ndarray:
        try:
            return decode(self.read(name), size_px)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise TrainingError("CROP_UNREADABLE", f"the image {name} of {self.path}: {error}") from error

    def close(self) -> None:
        os.close(self._file)


def decode(data: bytes, size_px: int) -> np.ndarray:
    """RGB, 8 bits, size_px x size_px x 3. What is cut short is an error, never filled up."""
    with Image.open(io.BytesIO(data)) as image:
        if image.width * image.height > MOST_PIXELS:
            raise ValueError(f"{image.width} x {image.height} pixels; at most {MOST_PIXELS}")
        upright = ImageOps.exif_transpose(image).convert("RGB")
    return np.asarray(_resized(upright, size_px))


def _resized(image: Image.Image, size_px: int) -> Image.Image:
    """One axis after the other, in the order of the library's engine, which is that of Pillow 13. Earlier versions of Pillow always
    begin across; a high image would then be another by 1 of 255 here and there."""
    fewer_columns, fewer_rows = image.width - size_px, image.height - size_px
    down_first = fewer_rows > 0 and fewer_rows > 2 * fewer_columns
    between = (image.width, size_px) if down_first else (size_px, image.height)
    return image.resize(between, Image.BILINEAR).resize((size_px, size_px), Image.BILINEAR)
