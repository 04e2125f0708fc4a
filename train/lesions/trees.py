"""The trees of LightGBM as an ONNX graph: one TreeEnsembleRegressor and a sigmoid."""

import numpy as np
from onnx import TensorProto, checker, helper


def float32_below(threshold: float) -> float:
    """The greatest 32-bit number that is not above the threshold: a 32-bit value is below one exactly where it is below the other."""
    near = np.float32(threshold)
    return float(near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf)))


class _Nodes:
    """The lists of the operator, one entry for each node of all trees."""

    def __init__(self):
        self.tree, self.id, self.feature, self.mode, self.value = [], [], [], [], []
        self.yes, self.no = [], []
        self.leaf_tree, self.leaf_id, self.leaf_value = [], [], []

    def add_tree(self, number: int, root: dict) -> None:
        # A list in the place of calls: trees may be deep.
        waiting, next_id = [(0, root)], 1
        while waiting:
            place, node = waiting.pop()
            self.tree.append(number)
            self.id.append(place)
            if "leaf_value" in node:
                self._leaf(number, place, node["leaf_value"])
                continue
            if node["decision_type"] != "<=":
                raise ValueError(f"a decision of the kind {node['decision_type']}")
            yes, no = next_id, next_id + 1
            next_id += 2
            self.feature.append(node["split_feature"])
            self.mode.append("BRANCH_LEQ")
            self.value.append(float32_below(node["threshold"]))
            self.yes.append(yes)
            self.no.append(no)
            waiting += [(no, node["right_child"]), (yes, node["left_child"])]

    def _leaf(self, number: int, place: int, value: float) -> None:
        self.feature.append(0)
        self.mode.append("LEAF")
        self.value.append(0.0)
        self.yes.append(0)
        self.no.append(0)
        self.leaf_tree.append(number)
        self.leaf_id.append(place)
        self.leaf_value.append(value)


def graph_of_trees(dump: dict, widths: dict[str, int]) -> bytes:
    """`dump`: of Booster.dump_model. `widths`: the inputs in the order of the features, and their columns."""
    nodes = _Nodes()
    for number, tree in enumerate(dump["tree_info"]):
        nodes.add_tree(number, tree["tree_structure"])
    ensemble = helper.make_node(
        "TreeEnsembleRegressor",
        ["all"],
        ["log_odds"],
        domain="ai.onnx.ml",
        n_targets=1,
        nodes_treeids=nodes.tree,
        nodes_nodeids=nodes.id,
        nodes_featureids=nodes.feature,
        nodes_modes=nodes.mode,
        nodes_values=nodes.value,
        nodes_truenodeids=nodes.yes,
        nodes_falsenodeids=nodes.no,
        target_treeids=nodes.leaf_tree,
        target_nodeids=nodes.leaf_id,
        target_ids=[0] * len(nodes.leaf_id),
        target_weights=nodes.leaf_value,
    )
    both = helper.make_node("Concat", list(widths), ["all"], axis=1)
    sigmoid = helper.make_node("Sigmoid", ["log_odds"], ["probability"])
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", count]) for name, count in widths.items()]
    output = helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["n", 1])
    graph = helper.make_graph([both, ensemble, sigmoid], "boost", inputs, [output])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    checker.check_model(model)
    return model.SerializeToString()
