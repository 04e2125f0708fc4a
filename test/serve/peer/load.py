"""Sends requests, many at a time, and compares every answer: load.py HOST:PORT REQUESTS AT_ONCE IMAGES WANTED_SCORES"""

import json
import pathlib
import sys
import time

import numpy
import tritonclient.http as triton
from gevent.pool import Pool

address, requests, at_once, images, wanted = sys.argv[1:]
client = triton.InferenceServerClient(address, concurrency=int(at_once), network_timeout=300.0, connection_timeout=300.0)
encoded = [pathlib.Path(path).read_bytes() for path in images.split(",")]
scores = json.loads(wanted)
counts = {"right": 0, "wrong": 0, "lost": 0}
reasons = {}


def rows_right(number):
    # One to three rows, of other values in every request.
    rows = numpy.full((1 + number % 3, 4), number % 4096, dtype=numpy.float32)
    rows[0, 0] = 0.5
    tensor = triton.InferInput("rows", list(rows.shape), "FP32")
    tensor.set_data_from_numpy(rows, binary_data=number % 5 != 0)
    answer = client.infer("rows", [tensor], request_id=str(number))
    return answer.get_response()["id"] == str(number) and numpy.array_equal(answer.as_numpy("twice"), 2 * rows)


def image_right(number):
    at = number % len(encoded)
    tensor = triton.InferInput("encoded_image", [1], "BYTES")
    tensor.set_data_from_numpy(numpy.array([encoded[at]], dtype=numpy.object_))
    answer = client.infer("lesion", [tensor], request_id=str(number))
    return answer.get_response()["id"] == str(number) and answer.as_numpy("target").tolist() == [scores[at]]


def send(number):
    try:
        right = image_right(number) if number % 4 == 0 else rows_right(number)
        counts["right" if right else "wrong"] += 1
    except Exception as error:
        counts["lost"] += 1
        reasons[str(error)[:200]] = reasons.get(str(error)[:200], 0) + 1


began = time.monotonic()
pool = Pool(int(at_once))
for _ in pool.imap_unordered(send, range(int(requests))):
    pass
print(json.dumps({**counts, "reasons": reasons, "seconds": time.monotonic() - began}))
