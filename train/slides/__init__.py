"""Training of heads for whole slides, over the features of their tiles."""
