"""Puts an ONNX graph together, node by node, with weights from a seeded generator."""

import zlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8


class Graph:
    """Names of nodes and weights are counted, so that one seed gives one file."""

    def __init__(self, name: str, seed: int):
        self.name = name
        self.random = np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))
        self.nodes = []
        self.initializers = []
        self.inputs = []
        self.outputs = []

    def input(self, name: str, shape: list) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def output(self, value: str, name: str, shape: list) -> None:
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def constant(self, values, dtype=np.float32) -> str:
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(values, dtype=dtype), name))
        return name

    def indices(self, values) -> str:
        return self.constant(values, np.int64)

    def weight(self, shape: tuple, fan_in: int, gain: float = 1.0) -> str:
        """Normal with variance gain^2 / fan_in."""
        return self.constant(self.random.standard_normal(shape) * (gain / np.sqrt(fan_in)))

    def node(self, operator: str, *inputs: str, **attributes) -> str:
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def conv(self, x: str, channels_in: int, channels_out: int, kernel: int, stride: int = 1, gain: float = 1.0) -> str:
        weight = self.weight((channels_out, channels_in, kernel, kernel), channels_in * kernel * kernel, gain)
        pads = [(kernel - 1) // 2] * 4
        bias = self.constant(self.random.standard_normal(channels_out) * 0.1)
        return self.node("Conv", x, weight, bias, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=pads)

    def linear(self, x: str, size_in: int, size_out: int, gain: float = 1.0, bias: float = 0.1) -> str:
        product = self.node("MatMul", x, self.weight((size_in, size_out), size_in, gain))
        return self.node("Add", product, self.constant(self.random.standard_normal(size_out) * bias))

    def relu(self, x: str) -> str:
        return self.node("Relu", x)

    def standardise(self, x: str, statistics: tuple | None) -> str:
        """(x - mean) / std for each column; None leaves x as it is."""
        if statistics is None:
            return x
        mean, std = statistics
        return self.node("Div", self.node("Sub", x, self.constant(mean)), self.constant(std))

    def bytes(self) -> bytes:
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.initializers)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="microtome"
        )
        onnx.checker.check_model(model)
        return model.SerializeToString(deterministic=True)
