"""Training against all that samples may do within balls around them: convex programs over named atoms.

`losses` says what a loss is of the worst of several rows, `programs` which rows and which atoms there are (S1, S2, S4),
`restricted` solves a program over a few atoms, by the `equations` of its Newton steps, `saddle` adds atoms and worst
points until nothing is left to add, and `training` poses, names and certifies.
"""
