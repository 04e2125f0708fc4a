"""score.py BUNDLE SLIDE MASK.json ROW.json

Scores one slide with a bundle and prints what came out, with what lies between, as one line of JSON. It is a second reading of the
format of bundles, to compare microtome with: plain numpy, and ONNX Runtime for the graphs. MASK.json has `width`, `height`,
`level0PerPxX`, `level0PerPxY` and `file`, the name of a file beside it with a byte for each pixel, 0 where there is no tissue. ROW.json
has the values of the slide's row of the metadata, by column."""

import json
import sys
from pathlib import Path

import clinical_values
import numpy as np
import onnxruntime
from slide_outputs import activated, output_value
from slide_pixels import Slide, picture_of, tensor
from tile_grid import Mask, tile_grid
from tile_rules import kept_by

ROWS_OF_A_RUN = 16


class NoTiles(Exception):
    pass


class Scoring:
    """One slide and one bundle. Rows of an encoder are kept for each tile that it was run on."""

    def __init__(self, bundle: Path, slide: Slide, mask: Mask, row: dict):
        self.bundle = bundle
        self.model = json.loads((bundle / "microtome.json").read_text())
        self.slide = slide
        self.row = row
        self.clinical = self.model["inputs"].get("clinical", [])
        self.images = {i["name"]: i for i in self.model["inputs"].get("images", [])}
        self.tiles = {i["name"]: i for i in self.model["inputs"].get("tiles", [])}
        self.encoders = {e["name"]: e for e in self.model["encoders"]}
        self.heads = {h["name"]: h for h in self.model["heads"]}
        self.grids, self.left, self.counts = {}, {}, {}
        self.rows, self.head_values = {}, {}
        resolution = str(row.get("resolution", "")).strip()
        for name, declared in self.tiles.items():
            grid = tile_grid(slide, declared, mask, self.least_tissue(name), float(resolution) if resolution else None)
            self.grids[name] = grid
            self.left[name] = np.arange(len(grid.places))
            self.counts[name] = {"grid": grid.positions, "tissue": len(grid.places), "rules": []}
            self.select(name)

    def rules(self, name: str) -> list:
        first = next(iter(self.tiles))
        return [rule for rule in self.model.get("select", []) if rule.get("input", first) == name]

    def least_tissue(self, name: str) -> float:
        fractions = [rule.get("min", 0.25) for rule in self.rules(name) if rule["rule"] == "tissueFraction"]
        if len(fractions) != 1:
            raise NotImplementedError(f"{name}: other rules on tissue than one tissueFraction")
        return fractions[0]

    def select(self, name: str) -> None:
        for rule in self.rules(name):
            if rule["rule"] == "tissueFraction":
                continue
            if len(self.left[name]) > 0:
                kept = kept_by(
                    rule,
                    lambda: self.grids[name].pictures(self.slide, self.left[name]),
                    lambda by: self.bag(by["encoder"], by["output"])[:, by.get("column", 0)],
                )
                self.left[name] = self.left[name][kept]
            self.counts[name]["rules"].append({"rule": rule["rule"], "left": len(self.left[name])})

    def bag(self, encoder: str, output: str) -> np.ndarray:
        """Rows of the tiles that are left, in their order, or of the one image."""
        source = self.encoders[encoder]["input"]["from"]
        if source in self.images:
            if encoder not in self.rows:
                picture = picture_of(self.slide, self.images[source])
                self.rows[encoder] = {0: self.run_encoder(encoder, [picture], self.images[source])}
            return self.stacked(encoder, output, [0])
        left = self.left[source].tolist()
        if len(left) == 0:
            raise NoTiles(source)
        known = self.rows.setdefault(encoder, {})
        missing = [tile for tile in left if tile not in known]
        for at in range(0, len(missing), ROWS_OF_A_RUN):
            run = missing[at : at + ROWS_OF_A_RUN]
            pictures = self.grids[source].pictures(self.slide, np.array(run))
            values = self.run_encoder(encoder, pictures, self.tiles[source])
            for index, tile in enumerate(run):
                known[tile] = {name: rows[index : index + 1] for name, rows in values.items()}
        return self.stacked(encoder, output, left)

    def stacked(self, encoder: str, output: str, items: list) -> np.ndarray:
        return np.concatenate([self.rows[encoder][item][output] for item in items])

    def session(self, graph: str) -> onnxruntime.InferenceSession:
        return onnxruntime.InferenceSession(str(self.bundle / graph), providers=["CPUExecutionProvider"])

    def run_encoder(self, name: str, pictures: list, declared: dict) -> dict:
        encoder = self.encoders[name]
        if "turns" in encoder or "colour" in declared or "iccProfile" in declared:
            raise NotImplementedError("turns, colour, iccProfile")
        session = self.session(encoder["graph"])
        outputs = encoder["outputs"]
        names = [output.get("tensor", output["name"]) for output in outputs]
        feed = {session.get_inputs()[0].name: tensor(pictures, declared)}
        values = session.run(names, feed)
        return {o["name"]: activated(v, o.get("activation", "none")) for o, v in zip(outputs, values)}

    def chosen(self, name: str) -> str:
        """The head that a head stands for."""
        head = self.heads[name]
        if head["method"] != "choose":
            return name
        text = str(self.row[head["column"]]).strip()
        found = clinical_values.case_of(head["cases"], text, "head") or head.get("default")
        if found is None:
            raise ValueError(f"no head for {head['column']} {text}")
        return self.chosen(found)

    def head_value(self, name: str, output: str | None, column: int) -> float:
        values = self.run_head(self.chosen(name))
        row = next(iter(values.values())) if output is None else values[output]
        return float(row[column])

    def run_head(self, name: str) -> dict:
        if name not in self.head_values:
            head = self.heads[name]
            if head["method"] == "onnx":
                self.head_values[name] = self.run_graph(head)
            elif head["method"] == "mean":
                of = head["of"]
                self.head_values[name] = {"mean": [self.bag(of["encoder"], of["output"])[:, of["column"]].mean()]}
            else:
                raise NotImplementedError(head["method"])
        return self.head_values[name]

    def run_graph(self, head: dict) -> dict:
        session = self.session(head["graph"])
        ranks = {value.name: len(value.shape) for value in session.get_inputs()}
        feed = {}
        for wanted in head["inputs"]:
            tensor_name = wanted.get("tensor") or next(iter(ranks))
            value = self.head_input(wanted)
            if value.ndim < ranks[tensor_name]:
                value = value[None]
            feed[tensor_name] = np.ascontiguousarray(value, dtype=np.float32)
        outputs = head["outputs"]
        values = session.run([output.get("tensor", output["name"]) for output in outputs], feed)
        return {o["name"]: activated(v.reshape(-1), o.get("activation", "none")) for o, v in zip(outputs, values)}

    def head_input(self, wanted: dict) -> np.ndarray:
        source = wanted["from"]
        if source == "features":
            return self.bag(wanted["encoder"], wanted["output"])
        if source == "coordinates":
            name = wanted.get("input", next(iter(self.tiles)))
            return self.grids[name].coordinates(self.slide, self.left[name], wanted["unit"], wanted["order"])
        if source == "clinical":
            return clinical_values.vector(self.clinical, self.row, wanted.get("features"))
        if source == "head":
            values = self.run_head(self.chosen(wanted["head"]))
            return next(iter(values.values())) if "output" not in wanted else values[wanted["output"]]
        raise NotImplementedError(source)

    def fallback(self) -> float | None:
        declared = self.model["outputs"][0].get("fallback")
        if not isinstance(declared, dict):
            return declared
        text = str(self.row.get(declared["column"], "")).strip()
        found = clinical_values.case_of(declared["cases"], text, "value")
        return declared["default"] if found is None else found

    def result(self) -> dict:
        found = {"counts": self.counts, "fallback": self.fallback(), "outputs": None, "heads": None}
        try:
            found["outputs"] = {o["name"]: output_value(o, self.head_value) for o in self.model["outputs"]}
        except NoTiles:
            return found
        found["heads"] = {
            name: {output: [float(v) for v in row] for output, row in values.items()}
            for name, values in self.head_values.items()
        }
        return found


def read_mask(path: Path) -> Mask:
    told = json.loads(path.read_text())
    data = np.frombuffer((path.parent / told["file"]).read_bytes(), dtype=np.uint8)
    return Mask(data.reshape(told["height"], told["width"]) > 0, told["level0PerPxX"], told["level0PerPxY"])


def main() -> None:
    bundle, slide, mask, row = map(Path, sys.argv[1:5])
    scoring = Scoring(bundle, Slide(str(slide)), read_mask(mask), json.loads(row.read_text()))
    print(json.dumps(scoring.result()))


if __name__ == "__main__":
    main()
