import io
import json
import unittest

import h5py
import numpy as np
from PIL import Image

from train.common.errors import TrainingError
from train.lesions.crops import CropFile, decode
from train.tests.support import lesions, scratch


def jpeg(width: int, height: int, exif=None) -> bytes:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2] = 255
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95, **({} if exif is None else {"exif": exif}))
    return buffer.getvalue()


class CropsTest(unittest.TestCase):
    def test_bytes_are_those_of_the_hdf5_library(self):
        data = lesions(300, 1)
        crops = CropFile(data / "images.hdf5", data / "index.json")
        with h5py.File(data / "images.hdf5") as file:
            self.assertEqual(len(file), 300)
            for name, stored in file.items():
                self.assertEqual(crops.read(name), stored[()].tobytes())
        crops.close()

    def test_another_file_and_an_unknown_name_are_refused(self):
        data = lesions(300, 1)
        shorter = scratch() / "shorter.hdf5"
        shorter.write_bytes((data / "images.hdf5").read_bytes()[:-1])
        with self.assertRaisesRegex(TrainingError, "INDEX_INVALID"):
            CropFile(shorter, data / "index.json")
        with self.assertRaisesRegex(TrainingError, "CROP_MISSING.*ISIC_9"):
            CropFile(data / "images.hdf5", data / "index.json").read("ISIC_9")

    def test_an_image_that_is_cut_short_is_an_error_with_its_name(self):
        data = lesions(300, 1)
        index = json.loads((data / "index.json").read_text())
        index["bytes"][0] //= 2
        changed = scratch() / "cut.json"
        changed.write_text(json.dumps(index))
        with self.assertRaisesRegex(TrainingError, f"CROP_UNREADABLE: the image {index['names'][0]}"):
            CropFile(data / "images.hdf5", changed).pixels(index["names"][0], 32)

    def test_pictures_are_upright(self):
        exif = Image.Exif()
        exif[0x0112] = 6
        plain, turned = decode(jpeg(32, 32), 32), decode(jpeg(32, 32, exif), 32)
        self.assertTrue(plain[4, 4].min() > 200 and plain[28, 4].max() < 50)
        # Orientation 6: the stored top is the right side.
        self.assertTrue(turned[4, 28].min() > 200 and turned[4, 4].max() < 50)
        self.assertEqual(decode(jpeg(1, 1), 8).shape, (8, 8, 3))


if __name__ == "__main__":
    unittest.main()
