"""Prints name and version of each installed package."""

import importlib.metadata
import json

for found in importlib.metadata.distributions():
    print(json.dumps({"name": found.metadata["Name"].lower(), "version": found.version}))
