"""The encoders of the row embed, as torch modules with seeded weights; `encoders.py NAME PATH` exports one to ONNX."""

import sys

import torch

SIDE_PX = 224
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


def make(name):
    """The module, in evaluation mode, and the number of its features."""
    torch.manual_seed(18)
    if name == "vit-s":
        import timm

        module = timm.create_model("vit_small_patch16_224", pretrained=False, num_classes=0)
        return module.eval(), module.num_features
    from torchvision import models

    if name == "resnet":
        module = models.resnet18(weights=None)
        columns, module.fc = module.fc.in_features, torch.nn.Identity()
    else:
        module = models.mobilenet_v3_small(weights=None)
        columns, module.classifier = module.classifier[0].in_features, torch.nn.Identity()
    # Batch normalisation takes its means from noise: without them the features of all tiles would be all but equal.
    with torch.no_grad():
        module.train()
        for _ in range(10):
            module(torch.randn(8, 3, SIDE_PX, SIDE_PX))
    return module.eval(), columns


def export(name, path):
    module, _ = make(name)
    batch = torch.export.Dim("batch", min=2)
    torch.onnx.export(
        module,
        (torch.zeros(2, 3, SIDE_PX, SIDE_PX),),
        path,
        input_names=["tiles"],
        output_names=["features"],
        dynamic_shapes=({0: batch},),
        external_data=False,
    )


if __name__ == "__main__":
    export(*sys.argv[1:])
