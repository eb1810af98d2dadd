"""The set of all optima of (C): the atoms that may be active, and whether they leave a choice."""
