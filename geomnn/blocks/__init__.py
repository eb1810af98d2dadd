"""Sequential blocks, each a network of one hidden layer on the activations of the one before."""

from geomnn.blocks.training import BlockTraining, train_blocks

__all__ = ["BlockTraining", "train_blocks"]
