"""The benchmark's ONNX graphs as torch modules with the same weights. Knows only the operators that they use."""

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional


class Graph(nn.Module):
    """Runs the nodes in order; layers with weights are torch's own, so that torch may choose its fastest kernels."""

    def __init__(self, path):
        super().__init__()
        graph = onnx.load(path).graph
        constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        self._input = graph.input[0].name
        self._output = graph.output[0].name
        self._steps = []
        self.layers = nn.ModuleList()
        nodes = _with_hard_swish(graph.node)
        for op, node in nodes:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            run = self._step(op, node, attributes, constants)
            inputs = [name for name in node.input if name not in constants]
            self._steps.append((run, inputs, node.output[0]))

    def forward(self, tiles):
        values = {self._input: tiles}
        for run, inputs, output in self._steps:
            values[output] = run(*(values[name] for name in inputs))
        return values[self._output]

    def _step(self, op, node, attributes, constants):
        if op == "Conv":
            return self._keep(_conv(attributes, constants[node.input[1]], constants[node.input[2]]))
        if op == "Gemm":
            return self._keep(_linear(constants[node.input[1]], constants[node.input[2]]))
        if op == "MaxPool":
            return self._keep(nn.MaxPool2d(attributes["kernel_shape"], attributes["strides"], attributes["pads"][0]))
        if op in _FUNCTIONS:
            return _FUNCTIONS[op]
        raise NotImplementedError(f"the operator {op}")

    def _keep(self, layer):
        self.layers.append(layer)
        return layer


_FUNCTIONS = {
    "Relu": functional.relu,
    "HardSigmoid": functional.hardsigmoid,
    "HardSwish": functional.hardswish,
    "Mul": torch.mul,
    "Add": torch.add,
    "GlobalAveragePool": lambda x: functional.adaptive_avg_pool2d(x, 1),
    "Flatten": lambda x: torch.flatten(x, 1),
}


def _with_hard_swish(nodes):
    """(operator, node) pairs; x * HardSigmoid(x) becomes the one operator that a torch model would use for it."""
    nodes = list(nodes)
    gates = {node.output[0]: node for node in nodes if node.op_type == "HardSigmoid"}
    found, fused = [], set()
    for node in nodes:
        gate = gates.get(node.input[1]) if node.op_type == "Mul" else None
        if gate is not None and gate.input[0] == node.input[0]:
            fused.add(gate.output[0])
            found.append(("HardSwish", onnx.helper.make_node("HardSwish", [node.input[0]], list(node.output))))
        else:
            found.append((node.op_type, node))
    return [(op, node) for op, node in found if node.output[0] not in fused]


def _conv(attributes, weights, bias):
    to, per_group, kernel, _ = weights.shape
    groups = attributes.get("group", 1)
    layer = nn.Conv2d(
        per_group * groups, to, kernel, attributes["strides"][0], attributes["pads"][0], groups=groups
    )
    return _filled(layer, weights, bias)


def _linear(weights, bias):
    return _filled(nn.Linear(*weights.shape), weights.T, bias)


def _filled(layer, weights, bias):
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(np.array(weights)))
        layer.bias.copy_(torch.from_numpy(np.array(bias)))
    return layer


def save_torchscript(onnx_path, path, side):
    """What a model zoo would publish: traced, in evaluation mode."""
    module = Graph(onnx_path).eval()
    with torch.no_grad():
        torch.jit.trace(module, torch.zeros(2, 3, side, side)).save(path)
