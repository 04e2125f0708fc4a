"""Every slide of these tests: `make.py OUT SLIDES`, where SLIDES is the folder of real TIFF slides or '' (then no DICOM series)."""

import sys
from pathlib import Path

import make_bif
import make_dicom
import make_frames
import make_hamamatsu
import make_mrxs
import make_ndpi
import make_scn
import make_trestle

SOURCES = {
    'aperio': 'CMU-1-Small-Region.svs',
    '420': 'derived_cmu_pyr_deflate_t256_big.tif',
    '444': 'derived_cmu_pyr_jpeg75_t256.tif',
    'j2k': 'derived_cmu_pyr_jpeg75_t256.tif',
}


def main(out, slides):
    out = Path(out)
    for name, plan in make_mrxs.PLANS.items():
        make_mrxs.make(out / 'mrxs' / f'{name}.mrxs', plan)
    for name, maker in make_hamamatsu.MAKERS.items():
        folder = out / name
        folder.mkdir(parents=True)
        maker(folder / f'slide.{name[:3]}')
    (out / 'ndpi').mkdir()
    for subsampling in make_ndpi.MCU_WIDTH_PX:
        make_ndpi.make(out / 'ndpi' / f"{subsampling.replace(':', '')}.ndpi", subsampling)
    make_frames.make(out / 'frames')
    for kind, makers in (('scn', make_scn), ('bif', make_bif), ('trestle', make_trestle)):
        (out / kind).mkdir()
        for name, maker in makers.MAKERS.items():
            maker(str(out / kind / f"{name}.{'tif' if kind == 'trestle' else kind}"))
    if slides:
        for way, source in SOURCES.items():
            make_dicom.make(str(Path(slides) / source), str(out / f'dicom-{way}'), way)


main(*sys.argv[1:])
