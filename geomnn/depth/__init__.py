"""Hidden layers below the last one: a lifting of the problem to a table of features."""
