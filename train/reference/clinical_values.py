"""Numbers of the values of a metadata row."""

import re

import numpy as np

INTERVAL = re.compile(r"^[\[\]](?P<low>[0-9.]+)[:-](?P<high>[0-9.]+)[\[\]]$")


def interval(text: str, value: str) -> float:
    found = INTERVAL.match(text)
    low, high = (float(text), float(text)) if found is None else (float(found["low"]), float(found["high"]))
    return {"lower": low, "middle": (low + high) / 2, "upper": high}[value]


def position(words: list, text: str, case_sensitive: bool) -> int:
    def plain(word):
        return word if case_sensitive else word.lower()

    return [plain(word) for word in words].index(plain(text))


def understood(feature: dict, text: str) -> float:
    """The value before scaling; of a category its index. Raises ValueError where no rule understands the text."""
    parse = feature.get("parse", {})
    case_sensitive = parse.get("caseSensitive", False)
    synonyms = feature.get("synonyms", {})
    spellings = list(synonyms)
    if text.lower() in [spelling.lower() for spelling in spellings]:
        text = synonyms[spellings[position(spellings, text, case_sensitive)]]
    kind = feature["type"]
    if kind == "number":
        return float(text)
    if kind == "interval":
        return interval(text, parse.get("intervalValue", "middle"))
    if kind == "category":
        return position(parse["categories"], text, case_sensitive)
    if kind == "boolean":
        return float(position([*parse["true"], *parse["false"]], text, case_sensitive) < len(parse["true"]))
    raise NotImplementedError(kind)


def is_one_hot(feature: dict) -> bool:
    return feature["type"] == "category" and feature.get("parse", {}).get("encoding", "oneHot") == "oneHot"


def encoded(feature: dict, value: float) -> list:
    if is_one_hot(feature):
        return [float(index == value) for index in range(len(feature["parse"]["categories"]))]
    return [(value - feature.get("mean", 0)) / feature.get("std", 1)]


def of_missing(feature: dict) -> list:
    missing = feature["missing"]
    if missing["rule"] == "error":
        raise ValueError(f"{feature['name']} has no value")
    if missing["rule"] == "category":
        return encoded(feature, feature["parse"]["categories"].index(missing["category"]))
    if is_one_hot(feature):
        return [missing.get("value", 0.0)] * len(feature["parse"]["categories"])
    return encoded(feature, missing["value"]) if "value" in missing else [0.0]


def numbers(feature: dict, row: dict) -> list:
    text = str(row[feature["column"]]).strip()
    own = of_missing(feature) if text == "" else encoded(feature, understood(feature, text))
    indicator = [float(text == "")] if feature["missing"]["rule"] == "indicator" else []
    return own + indicator


def vector(features: list, row: dict, names: list | None = None) -> np.ndarray:
    """All features, or those of `names`, in the order of the names."""
    by_name = {feature["name"]: feature for feature in features}
    chosen = [by_name[name] for name in (by_name if names is None else names)]
    return np.array([number for feature in chosen for number in numbers(feature, row)], dtype=np.float64)


def case_of(cases: list, text: str, key: str):
    """What the first case that is equal to the text gives; None where none is. Numbers are compared as numbers."""
    for case in cases:
        for wanted in case["equals"]:
            if isinstance(wanted, str):
                if wanted == text:
                    return case[key]
            elif text != "" and abs(float(text) - wanted) <= case.get("tolerance", 0):
                return case[key]
    return None
