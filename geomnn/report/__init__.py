"""From a CSV file to a folder that explains a network: what the command line does, as functions."""

from __future__ import annotations

from pathlib import Path

from geomnn.bounds.proof_file import proof_text
from geomnn.files import json_text
from geomnn.report.folder import check_folder, whole_folder
from geomnn.report.function import function_text
from geomnn.report.latex import latex_text
from geomnn.report.page import page_text
from geomnn.report.pictures import draw
from geomnn.report.study import Request, Study, study_table

__all__ = ["Request", "Study", "check_folder", "study_table", "whole_folder", "write_report"]


def write_report(study: Study, folder: Path) -> None:
    """Write the files of a study into a folder that exists.

    Parameters
    ----------
    study : Study
    folder : Path
        Best that of `whole_folder`, so that nothing half-written is ever seen.
    """
    study.complete.save(folder / "network.json")
    pictures = draw(study)
    for picture in pictures:
        (folder / f"{picture.name}.png").write_bytes(picture.png)
        (folder / f"{picture.name}.svg").write_bytes(picture.svg)
    texts = {
        "certificate.json": json_text(study.record),
        "network.tex": latex_text(study),
        "network.py": function_text(study),
        "report.html": page_text(study, pictures),
    }
    if study.plain is not None:
        texts[study.file] = study.plain
    if study.proof is not None:
        texts["proof.json"] = proof_text(study.proof)
    for name, text in texts.items():
        (folder / name).write_bytes(
            text.encode("utf-8", "replace")
        )  # a file name may hold bytes of no letter
