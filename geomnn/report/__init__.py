"""From a CSV file to a folder that explains a network: what the command line does, as functions."""

from __future__ import annotations

from pathlib import Path

from geomnn.bounds.proof_file import proof_text
from geomnn.deadline import Line
from geomnn.files import json_text
from geomnn.optima.set_file import set_text
from geomnn.report.folder import PAGE, check_folder, whole_folder
from geomnn.report.function import function_text
from geomnn.report.latex import latex_text
from geomnn.report.page import page_text
from geomnn.report.pictures import draw
from geomnn.report.request import Request
from geomnn.report.study import Study, study_table

__all__ = ["Request", "Study", "check_folder", "study_table", "whole_folder", "write_report"]


def write_report(study: Study, folder: Path, line: Line | None = None) -> None:
    """Write the files of a study into a folder that exists.

    Parameters
    ----------
    study : Study
    folder : Path
        Best that of `whole_folder`, so that nothing half-written is ever seen.
    line : Line, optional
        Where to say what goes on.
    """
    if line is not None:
        line.say("drawing the pictures")
    study.complete.save(folder / "network.json")
    pictures = draw(study)
    for picture in pictures:
        (folder / f"{picture.name}.png").write_bytes(picture.png)
        (folder / f"{picture.name}.svg").write_bytes(picture.svg)
    if line is not None:
        line.say("writing the report")
    texts = {
        "certificate.json": json_text(study.record),
        "network.tex": latex_text(study),
        "network.py": function_text(study),
        **study.copies,
    }
    if study.proof is not None:
        texts["proof.json"] = proof_text(study.proof)
    if study.optima is not None:
        texts["optimal_set.json"] = set_text(study.optima)
    network = (folder / "network.json").read_text(encoding="utf-8")
    texts[PAGE] = page_text(study, pictures, {"network.json": network, **texts})
    for name, text in texts.items():
        (folder / name).write_bytes(
            text.encode("utf-8", "replace")
        )  # a file name may hold bytes of no letter
