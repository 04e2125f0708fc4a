"""How the three places made numbers of the columns of the challenge's metadata."""

HEAD = ["face", "head/neck", "neck", "scalp"]
TRUNK = ["trunk", "seat"]
ARM = ["arm", "forearm", "upper limb/shoulder"]
LEG = ["leg", "thigh", "lower limb/hip"]
ACRAL = ["foot", "hand", "hand/foot/nail", "sole", "toe", "finger", "nail"]
GROUPS = {"head": HEAD, "trunk": TRUNK, "arm": ARM, "leg": LEG, "acral": ACRAL}


def age(value: str, mean: float, std: float) -> dict:
    return {
        "name": "age",
        "column": "age",
        "type": "interval",
        "parse": {"intervalValue": value},
        "missing": {"rule": "value", "value": 60},
        "mean": mean,
        "std": std,
    }


def history_words() -> dict:
    return {"true": ["YES"], "false": ["NO"]}


def of_first() -> list:
    """Age / 100, sex 1 or 2, history -1, 0 or 1, the number of one of five groups of sites, or -1."""
    groups = {site: group for group, sites in GROUPS.items() for site in sites}
    history = {"name": "history", "column": "melanoma_history", "type": "boolean", "parse": history_words()}
    site = {"name": "body_site", "column": "body_site", "type": "category", "synonyms": {**groups, "trunc": "trunk"}}
    return [
        age("lower", 0, 100),
        {"name": "sex", "column": "sex", "type": "number", "missing": {"rule": "error"}},
        {**history, "missing": {"rule": "value", "value": -1}},
        {
            **site,
            "parse": {"categories": list(GROUPS), "encoding": "index"},
            "missing": {"rule": "value", "value": -1},
        },
    ]


def of_second() -> list:
    """Middle of the age interval, sex with an unknown one, history with an unknown one, one of 20 sites."""
    sites = [site for group in GROUPS.values() for site in group]
    history = {"name": "history", "column": "melanoma_history", "type": "category"}
    site = {"name": "body_site", "column": "body_site", "type": "category", "synonyms": {"trunc": "trunk"}}
    return [
        age("middle", 55, 20),
        {
            "name": "sex",
            "column": "sex",
            "type": "category",
            "parse": {"categories": ["1", "2"]},
            "missing": {"rule": "indicator"},
        },
        {
            **history,
            "parse": {"categories": ["NO", "YES", "unknown"]},
            "missing": {"rule": "category", "category": "unknown"},
        },
        {**site, "parse": {"categories": sites}, "missing": {"rule": "indicator"}},
    ]


def of_third() -> list:
    """Lower end of the age interval and sex, standardised; one 0 or 1 for no history and for a history."""
    history = {"name": "history", "column": "melanoma_history", "type": "category"}
    return [
        age("lower", 58, 17),
        {
            "name": "sex",
            "column": "sex",
            "type": "number",
            "missing": {"rule": "value", "value": 1.5},
            "mean": 1.5,
            "std": 0.5,
        },
        {**history, "parse": {"categories": ["NO", "YES"]}, "missing": {"rule": "value", "value": 0}},
    ]


def width(features: list) -> int:
    """Numbers in the vector."""
    total = 0
    for feature in features:
        parse = feature.get("parse", {})
        one_hot = feature["type"] == "category" and parse.get("encoding", "oneHot") == "oneHot"
        total += len(parse["categories"]) if one_hot else 1
        total += feature["missing"]["rule"] == "indicator"
    return total
