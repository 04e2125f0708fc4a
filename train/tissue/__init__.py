"""The model of models/demo: whole slides of drawn tissue, tile by tile."""
