"""What a network does between the samples: its cells, its slopes, the balls on which its sign is certain.

A network of one hidden layer is linear on the cells that the hyperplanes of its neurons cut. On the line and in the
plane all cells are formed; beyond that mixed-integer programs find the ones that matter.
"""
