"""Solvers of the program over a few atoms, one to a file."""
