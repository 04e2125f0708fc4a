"""DICOM slides of frames that other programs encoded: the real tile of PyPI's `wsidicom-data` in every transfer syntax that it has.

`make_frames.py OUT` writes OUT/NAME/slide.dcm, one folder for each: four frames in a square, whose last column and row are cut.
"""

import argparse
import re
from pathlib import Path

import wsidicom_data
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    JPEG2000,
    JPEG2000Lossless,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
    VLWholeSlideMicroscopyImageStorage,
)

TILE_PX, WIDTH_PX, HEIGHT_PX = 240, 470, 433

# The names of the files begin with the names of the syntaxes. pydicom writes no slide in big-endian order.
SYNTAXES = {
    'Explicit_VR_Little_Endian': ExplicitVRLittleEndian,
    'Implicit_VR_Little_Endian': ImplicitVRLittleEndian,
    'JPEG_2000_Image_Compression': JPEG2000,
    'JPEG_2000_Image_Compression_(Lossless_Only)': JPEG2000Lossless,
    'JPEG_Baseline_(Process_1)': JPEGBaseline8Bit,
    'JPEG_Extended_(Process_2_and_4)': JPEGExtended12Bit,
    'JPEG_Lossless,_Non-Hierarchical_(Process_14)': JPEGLossless,
    'JPEG-LS_Lossless_Image_Compression': JPEGLSLossless,
    'JPEG-LS_Lossy_(Near-Lossless)_Image_Compression': JPEGLSNearLossless,
    'RLE_Lossless': RLELossless,
}
COLOURS = {'GRAYSCALE': 'MONOCHROME2', 'RGB': 'RGB', 'YBR': 'YBR_FULL_422'}
JPEG2000_COLOURS = {JPEG2000: 'YBR_ICT', JPEG2000Lossless: 'YBR_RCT'}


def pixel_measures():
    measures = Dataset()
    measures.PixelSpacing = [0.0005, 0.0005]
    measures.SliceThickness = 0.001
    groups = Dataset()
    groups.PixelMeasuresSequence = Sequence([measures])
    return groups


def slide(frame, syntax, colour, bits, number):
    root = f'1.2.826.0.1.3680043.8.498.77.{number}'
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = VLWholeSlideMicroscopyImageStorage
    meta.MediaStorageSOPInstanceUID = f'{root}.1'
    data = Dataset()
    data.file_meta = meta
    data.SOPClassUID = VLWholeSlideMicroscopyImageStorage
    data.SOPInstanceUID = f'{root}.1'
    data.StudyInstanceUID = f'{root}.2'
    data.SeriesInstanceUID = f'{root}.3'
    data.Modality = 'SM'
    data.ImageType = ['ORIGINAL', 'PRIMARY', 'VOLUME', 'NONE']
    data.DimensionOrganizationType = 'TILED_FULL'
    data.Rows = data.Columns = TILE_PX
    data.TotalPixelMatrixColumns, data.TotalPixelMatrixRows = WIDTH_PX, HEIGHT_PX
    data.NumberOfFrames = 4
    data.TotalPixelMatrixFocalPlanes = 1
    data.NumberOfOpticalPaths = 1
    data.SamplesPerPixel = 1 if colour == 'GRAYSCALE' else 3
    if colour != 'GRAYSCALE':
        data.PlanarConfiguration = 0
    ybr = JPEG2000_COLOURS.get(syntax, COLOURS['YBR'])
    data.PhotometricInterpretation = ybr if colour == 'YBR' else COLOURS[colour]
    data.BitsAllocated = 8 if bits == 8 else 16
    data.BitsStored, data.HighBit, data.PixelRepresentation = bits, bits - 1, 0
    data.SharedFunctionalGroupsSequence = Sequence([pixel_measures()])
    if syntax.is_compressed:
        data.PixelData = encapsulate([frame] * 4)
    else:
        data.PixelData = frame * 4
        data['PixelData'].VR = 'OB' if bits == 8 else 'OW'
    return data


def make(out):
    folder = Path(wsidicom_data.__file__).parent / 'data' / 'encoded'
    for number, file in enumerate(sorted(folder.iterdir())):
        kind, colour, bits = file.stem.rsplit('-', 2)
        if kind not in SYNTAXES:
            continue
        target = Path(out) / re.sub(r'[^a-z0-9]+', '-', file.stem.lower())
        target.mkdir(parents=True)
        data = slide(file.read_bytes(), SYNTAXES[kind], colour, int(bits), number)
        data.save_as(target / 'slide.dcm', enforce_file_format=True)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('out')
    make(parser.parse_args().out)
