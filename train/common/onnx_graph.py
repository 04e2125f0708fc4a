"""A PyTorch module as the bytes of an ONNX graph: names that stay, free batch axis, nothing of the machine that wrote it."""

import inspect
import io

import onnx
import torch
from torch import nn

#: The newest that PyTorch 1.13 writes.
OPSET = 17


def onnx_bytes(
    model: nn.Module, examples: tuple, inputs: list[str], outputs: list[str], free_axes: dict, opset: int = OPSET
) -> bytes:
    options = {}
    # PyTorch 2 has two exporters. This one needs no other package, and both generations have it.
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        options["dynamo"] = False
    buffer = io.BytesIO()
    torch.onnx.export(
        model.eval(),
        examples,
        buffer,
        opset_version=opset,
        input_names=inputs,
        output_names=outputs,
        dynamic_axes=free_axes,
        **options,
    )
    graph = onnx.load_model_from_string(buffer.getvalue())
    for node in graph.graph.node:
        node.doc_string = ""
    onnx.checker.check_model(graph)
    return graph.SerializeToString()
