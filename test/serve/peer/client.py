"""Asks a server as Triton's client asks one, and prints what it got as one line of JSON: client.py HOST:PORT TOKEN IMAGE..."""

import json
import pathlib
import sys

import numpy
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

address, token, *images = sys.argv[1:]
headers = {"Authorization": f"Bearer {token}"}
# The client puts headers of its own into the dictionary that it is given.
given = lambda: {"headers": dict(headers)}
client = triton.InferenceServerClient(address)


def tensor(name, values, datatype, binary=True):
    made = triton.InferInput(name, list(values.shape), datatype)
    made.set_data_from_numpy(values, binary_data=binary)
    return made


def refused(model, inputs, **more):
    try:
        client.infer(model, inputs, **given(), **more)
    except InferenceServerException as error:
        return {"status": error.status(), "message": error.message()}
    return None


rows = numpy.arange(12, dtype=numpy.float32).reshape(3, 4) / 4
encoded = numpy.array([pathlib.Path(path).read_bytes() for path in images], dtype=numpy.object_)
binary = client.infer("rows", [tensor("rows", rows, "FP32")], request_id="one", **given())
asked = [triton.InferRequestedOutput("squares", binary_data=False)]
text = client.infer("rows", [tensor("rows", rows, "FP32", binary=False)], outputs=asked, **given())
scores = client.infer("lesion", [tensor("encoded_image", encoded, "BYTES")], **given())
print(
    json.dumps(
        {
            "live": client.is_server_live(),
            "ready": client.is_server_ready(),
            "modelReady": client.is_model_ready("rows", headers=headers),
            "server": client.get_server_metadata(headers=headers),
            "metadata": client.get_model_metadata("rows", headers=headers),
            "index": client.get_model_repository_index(headers=headers),
            "id": binary.get_response()["id"],
            "twice": binary.as_numpy("twice").tolist(),
            "squares": binary.as_numpy("squares").tolist(),
            "text": text.as_numpy("squares").tolist(),
            "scores": scores.as_numpy("target").tolist(),
            "wrongName": refused("rows", [tensor("other", rows, "FP32")]),
            "wrongModel": refused("none", [tensor("rows", rows, "FP32")]),
            "wrongShape": refused("rows", [tensor("rows", rows.reshape(4, 3), "FP32")]),
        }
    )
)
