"""Opens files that microtome wrote with programs that are not ours; prints what they found, one JSON value a line.

outputs.py geojson FILE        every feature, held against what QuPath reads
outputs.py stream FILE         the number of features, parsed as a stream, and the peak memory in MiB
outputs.py openslide FILE X Y  levels, resolution, and the colour at a place of level 0
outputs.py vips LIBRARY FILE   pages with their sizes and resolutions, as libvips reads them
"""

import ctypes
import json
import math
import resource
import sys
import uuid


def measurement_problem(value):
    """QuPath takes numbers, and as text only what JSON has no number for."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return None if math.isfinite(value) else "a number that is not finite"
    return None if value in ("NaN", "Infinity", "-Infinity") else "text"


def problems_of(feature):
    import geojson
    from shapely.geometry import shape

    found = []
    if not feature.is_valid:
        found.append(str(feature.errors()))
    if str(uuid.UUID(feature["id"])) != feature["id"]:
        found.append("the id is not written as a UUID")
    properties = feature["properties"]
    if properties.get("objectType") != "tile":
        found.append("objectType")
    classification = properties.get("classification")
    if isinstance(classification, dict) and not {"name", "color"} <= classification.keys():
        found.append("a class without name and colour")
    for name, value in properties["measurements"].items():
        problem = measurement_problem(value)
        if problem is not None:
            found.append(f"{name} is {problem}")
    polygon = shape(feature["geometry"])
    ring = feature["geometry"]["coordinates"][0]
    if not polygon.is_valid or polygon.geom_type != "Polygon" or ring[0] != ring[-1]:
        found.append("the ring")
    assert isinstance(feature, geojson.Feature)
    return found


def read_geojson(path):
    import geojson
    from shapely.geometry import shape

    with open(path, encoding="utf8") as file:
        collection = geojson.load(file)
    assert isinstance(collection, geojson.FeatureCollection)
    for feature in collection["features"]:
        bounds = list(shape(feature["geometry"]).bounds)
        yield {
            "id": feature["id"],
            "problems": problems_of(feature),
            "bounds": bounds,
            "measurements": dict(feature["properties"]["measurements"]),
            "classification": feature["properties"].get("classification"),
        }


def stream_geojson(path):
    import ijson

    count = 0
    ids = 0
    with open(path, "rb") as file:
        for feature in ijson.items(file, "features.item"):
            count += 1
            ids ^= uuid.UUID(feature["id"]).int
    yield {"features": count, "ids": f"{ids:032x}", "peakMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def read_openslide(path, x, y):
    import openslide

    slide = openslide.OpenSlide(path)
    pixel = slide.read_region((int(x), int(y)), 0, (1, 1)).getpixel((0, 0))
    thumbnail = slide.get_thumbnail((256, 256))
    yield {
        "vendor": slide.properties["openslide.vendor"],
        "dimensions": [list(size) for size in slide.level_dimensions],
        "downsamples": list(slide.level_downsamples),
        "mpp": [float(slide.properties[f"openslide.mpp-{axis}"]) for axis in "xy"],
        "pixel": list(pixel),
        "thumbnail": list(thumbnail.size),
    }


def read_vips(library, path):
    vips = ctypes.CDLL(library)
    vips.vips_image_new_from_file.restype = ctypes.c_void_p
    vips.vips_image_get_xres.restype = ctypes.c_double
    vips.vips_image_get_yres.restype = ctypes.c_double
    vips.vips_error_buffer.restype = ctypes.c_char_p
    assert vips.vips_init(b"outputs") == 0
    page = 0
    while True:
        name = f"{path}[page={page}]".encode()
        image = vips.vips_image_new_from_file(name, ctypes.c_void_p(None))
        if not image:
            break
        handle = ctypes.c_void_p(image)
        average = ctypes.c_double()
        if vips.vips_avg(handle, ctypes.byref(average), ctypes.c_void_p(None)) != 0:
            raise RuntimeError(vips.vips_error_buffer().decode())
        yield {
            "size": [vips.vips_image_get_width(handle), vips.vips_image_get_height(handle)],
            "bands": vips.vips_image_get_bands(handle),
            # libvips counts pixels per millimetre.
            "mpp": [1000 / vips.vips_image_get_xres(handle), 1000 / vips.vips_image_get_yres(handle)],
            "average": average.value,
        }
        page += 1


MODES = {"geojson": read_geojson, "stream": stream_geojson, "openslide": read_openslide, "vips": read_vips}

for line in MODES[sys.argv[1]](*sys.argv[2:]):
    print(json.dumps(line))
