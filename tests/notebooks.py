"""Execute notebooks of `geomnn learn` and pages, each in a kernel of its own: every step shows what is promised.

    python tests/notebooks.py FILE.ipynb … PAGE.md …

Of a page every step is taken in order and as written, in the folder where this is called: the lines of its console, the
tables that it says to save, its examples and pictures.  Only how geomnn is installed is behind it.  Checks of exercises
that are not solved fail, as they should; with the solutions none may.  Exit status 1 if a cell prints something else,
or if a check passes before it is answered.
"""

import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from geomnn.learn import notebook

SHOWN = {
    "stream": lambda output: output["text"],
    "execute_result": lambda output: f"\n{output['data']['text/plain']}\n",
    "error": lambda output: f"\n{output['ename']}: {output['evalue']}\n",
    "display_data": lambda output: "",
}


def shown(cell):
    """What a cell shows as text, word for word: of streams, which come in pieces, of values and exceptions."""
    return "".join(SHOWN[output["output_type"]](output) for output in cell.get("outputs", [])).split()


def steps(page):
    """A page as a notebook in which commands and tables are cells, too."""
    document = nbformat.from_dict(notebook(page, {}, solved=True))
    cells, file = [], None
    for cell in document.cells:
        kind, _, body = cell.source.removesuffix("```").partition("\n")
        if kind == "```console" and "pip install" not in body:
            for command, words in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", body, re.M):
                cells.append(nbformat.v4.new_code_cell(f"%%bash\n{command}"))
                if words:
                    cells[-1].outputs = [nbformat.v4.new_output("stream", name="stdout", text=words)]
        elif kind == "```text" and file:
            cells.append(nbformat.v4.new_code_cell(f"%%writefile {file[1]}\n{body}"))
        else:
            cells.append(cell)
        file = re.search(r"Save these lines as `([\w.]+)`", cell.source)
    document.cells = cells
    return document


def complaints(path):
    """What is wrong with a notebook or a page when it is executed."""
    text = path.read_text(encoding="utf-8")
    document = steps(text) if path.suffix == ".md" else nbformat.reads(text, as_version=4)
    nbformat.validate(document)
    promised = [shown(cell) for cell in document.cells]
    NotebookClient(document, timeout=120, allow_errors=True).execute()
    for cell, words in zip(document.cells, promised, strict=True):
        failed = any(output["output_type"] == "error" for output in cell.get("outputs", []))
        if failed != ("raises-exception" in cell.metadata.get("tags", [])):
            yield f"this check {'fails' if failed else 'passes without an answer'}:\n{cell.source}"
        if words and words != shown(cell):
            yield f"{cell.source}\nshows\n{' '.join(shown(cell))}\nand not\n{' '.join(words)}"


def main(names):
    found = [f"{name}: {words}" for name in names for words in complaints(Path(name))]
    print(*found, f"{len(names)} notebooks and pages, {len(found)} complaints", sep="\n")
    return int(bool(found) or not names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
