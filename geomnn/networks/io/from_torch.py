"""Modules of PyTorch, read: torch.fx records what ``forward`` does, and a chain of Linear and ReLU is taken.

So it does not matter how a module is built: as a Sequential, around one, or of layers that its forward calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from geomnn.errors import UnsupportedProblem

__all__ = ["of_module"]

PASSED = (
    "Identity",
    "Dropout",
    "Flatten",
)  # that leave a table of features as it is, once a model is trained
# functions and methods of tensors, and the modules that do the same; outputs without an axis of length 1 are the same
SAME = {"relu": "ReLU", "relu_": "ReLU", "dropout": "Dropout", "flatten": "Flatten", "squeeze": "Squeeze"}
PAIRS = "gm.rewrite([(W1, b1), (W2, b2)], X)"


def of_module(model: Any) -> list[tuple[Any, Any]]:
    """(W, b) of the Linear layers of a module, in the order in which they run.

    Raises
    ------
    UnsupportedProblem
        If it does anything else than Linear layers with a ReLU between each two.
    """
    steps = list(_steps(model))
    if steps and steps[-1][0] == "Squeeze":
        steps.pop()
    kinds = [kind for kind, _ in steps if kind not in PASSED]
    if not re.fullmatch("L(R+L)*", "".join(kind[0] for kind in kinds)):
        raise UnsupportedProblem(
            f"The model is {' → '.join(kinds) or 'empty'}; Linear layers with a ReLU between each two, and none before "
            f"the first or after the last, were expected: take that part of it, as in gm.rewrite(model[:-1], X), or "
            f"{PAIRS}."
        )
    return [(module.weight, module.bias) for kind, module in steps if kind == "Linear"]


def _steps(model: Any) -> Iterator[tuple[str, Any]]:
    """What is done to a table, one after the other: the kind of a module, and the module if it is one."""
    fx = import_module("torch.fx")  # which is there, as the model is made of it

    class Tracer(fx.Tracer):  # type: ignore[misc, name-defined]
        def is_leaf_module(self, module: Any, name: str) -> bool:
            return _kind(module) in ("Linear", "ReLU", *PASSED) or super().is_leaf_module(module, name)

    shell = import_module("torch.nn").Sequential(model)  # whose forward takes one argument
    try:
        nodes = list(Tracer().trace(shell).nodes)
    except Exception as reason:  # whatever the forward of a user raises where no numbers are
        why = (str(reason) or type(reason).__name__).splitlines()[0]
        raise UnsupportedProblem(
            f"What the {type(model).__name__} does cannot be followed ({why}); if its Linear "
            "layers run in the order of model.state_dict(), with a ReLU between each two and nothing else, "
            "gm.rewrite(model.state_dict(), X) reads it."
        ) from reason
    value = nodes[0]
    for node in nodes[1:-1]:
        module = shell.get_submodule(node.target) if node.op == "call_module" else None
        kind = _kind(module) if module is not None else _same(node)
        if kind not in ("Linear", "ReLU", "Squeeze", *PASSED) or _regroups(node, module):
            what = f"a module {type(module).__name__}" if module is not None else f"a step {_name(node)}"
            raise UnsupportedProblem(
                f"The model has {what}; PyTorch's Linear, ReLU, {', '.join(PASSED)} and Sequential are read, and what "
                f"calls them one after the other: take the fully connected part, or {PAIRS} of it."
            )
        _follows(node, value)
        value = node
        yield kind, module
    _follows(nodes[-1], value)


def _kind(module: Any) -> str:
    """The class whose forward it has: a subclass with one of its own does something else."""
    return next((kind.__name__ for kind in type(module).__mro__ if "forward" in vars(kind)), "")


def _name(node: Any) -> str:
    """What a step that is no module is called."""
    return str(getattr(node.target, "__name__", node.target)).removeprefix("0.")  # of the shell


def _same(node: Any) -> str:
    """The kind of module that a function of PyTorch, or a method of a tensor, does the same as."""
    own = str(getattr(node.target, "__module__", None) or "torch").partition(".")[0] == "torch"
    return SAME.get(_name(node), "") if own and node.op in ("call_function", "call_method") else ""


def _regroups(node: Any, module: Any) -> bool:
    """Whether it flattens a table, which leaves it as it is from its columns on."""
    if module is not None:
        return _kind(module) == "Flatten" and module.start_dim != 1
    start = node.args[1] if len(node.args) > 1 else node.kwargs.get("start_dim", 0)
    return _name(node) == "flatten" and start != 1


def _follows(node: Any, value: Any) -> None:
    """Refuse a step that is about anything else than the value of the step before."""
    if node.args[:1] != (value,) or node.all_input_nodes != [value]:
        raise UnsupportedProblem(
            "The model is no chain, in which each step takes the result of the one before alone: take a part of it "
            f"that is, or {PAIRS}."
        )
