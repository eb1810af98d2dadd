"""Execute notebooks of `geomnn learn`, each in a kernel of its own: every cell prints what the tutorial says it prints.

    python tests/notebooks.py FOLDER

Checks of exercises that are not solved fail, as they should; with the solutions none may.  Exit status 1 if a cell
prints something else, or if a check passes before it is answered.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

SHOWN = {
    "stream": lambda output: output["text"],
    "execute_result": lambda output: output["data"]["text/plain"],
    "error": lambda output: f"{output['ename']}: {output['evalue']}",
    "display_data": lambda output: "",
}


def shown(cell):
    """What a cell shows as text, word for word: of streams, values and exceptions."""
    return [
        word for output in cell.get("outputs", []) for word in SHOWN[output["output_type"]](output).split()
    ]


def complaints(path):
    """What is wrong with a notebook when it is executed."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    promised = [shown(cell) for cell in notebook.cells]
    NotebookClient(notebook, timeout=120, allow_errors=True).execute()
    for cell, words in zip(notebook.cells, promised, strict=True):
        failed = any(output["output_type"] == "error" for output in cell.get("outputs", []))
        if failed != ("raises-exception" in cell.metadata.get("tags", [])):
            yield f"this check {'fails' if failed else 'passes without an answer'}:\n{cell.source}"
        if words and words != shown(cell):
            yield f"{cell.source}\nshows\n{' '.join(shown(cell))}\nand not\n{' '.join(words)}"


def main(folder):
    paths = sorted(Path(folder).glob("*.ipynb"))
    found = [f"{path.name}: {words}" for path in paths for words in complaints(path)]
    print(*found, f"{len(paths)} notebooks, {len(found)} complaints", sep="\n")
    return int(bool(found) or not paths)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
