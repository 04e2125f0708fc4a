"""Reads pipeline files by the official protocol buffers, strictly, and loads them with kfp. One line of JSON for each file."""

import json
import sys
import types

import yaml
from google.protobuf import json_format

# Nothing here asks a server, and the client of the SDK needs a package that PyPI has no wheel of.
client = types.ModuleType("kfp.client")
client.Client = None
sys.modules["kfp.client"] = client

from kfp import components
from kfp.kubernetes import kubernetes_executor_config_pb2
from kfp.pipeline_spec import pipeline_spec_pb2


def problem_of(text: str) -> str:
    """What the messages, or kfp, say against a pipeline; empty where they take it."""
    try:
        specification, platform = list(yaml.safe_load_all(text))
        # The fields that are free in the message have messages of their own.
        json_format.ParseDict(specification, pipeline_spec_pb2.PipelineSpec())
        json_format.ParseDict(specification["deploymentSpec"], pipeline_spec_pb2.PipelineDeploymentConfig())
        json_format.ParseDict(platform, pipeline_spec_pb2.PlatformSpec())
        for executor in platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values():
            json_format.ParseDict(executor, kubernetes_executor_config_pb2.KubernetesExecutorConfig())
        loaded = components.load_component_from_text(text)
        if loaded.pipeline_spec.pipeline_info.name != specification["pipelineInfo"]["name"]:
            return "kfp read another name"
    except Exception as error:  # noqa: BLE001 - whatever they say is what the caller compares
        return f"{type(error).__name__}: {error}".splitlines()[0]
    return ""


for path in sys.argv[1:]:
    with open(path) as file:
        print(json.dumps(problem_of(file.read())))
