"""network.tex: a LaTeX document with the closed form, its samples and its certificate."""

from __future__ import annotations

from geomnn.networks.writing.expressions import escape
from geomnn.report.study import Study

__all__ = ["latex_text"]


def latex_text(study: Study) -> str:
    """A document that pdflatex, xelatex and lualatex compile as it is."""
    certificate = f"\\paragraph{{Certificate.}} {escape(study.solution.certificate.statement())}"
    parts = [_opening(study), _formula(study), _variables(study), _samples(study), certificate]
    return "\n\n".join(part for part in parts if part) + "\n\n\\end{document}\n"


def _opening(study: Study) -> str:
    return (
        "% Written by geomnn.\n"
        "\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\usepackage{amsmath,amssymb,longtable}\n"
        "\\usepackage[margin=2.5cm]{geometry}\n\\allowdisplaybreaks\n\\begin{document}\n"
        f"\\section*{{A network in closed form for {escape(study.request.target)}}}"
    )


def _formula(study: Study) -> str:
    aligned = study.solution.network.to_latex(digits=6)
    body = aligned.removeprefix(r"\begin{aligned}").removesuffix(r"\end{aligned}").strip()
    network = study.solution.network  # what the coordinates of x are is said below, all of them
    lines = " \\\\\n& ".join(body.split(r" \\ & ")[: max(1, network.bias + len(network))])
    table = "the table" if study.held_fit is None else r"\texttt{training.csv}"
    about = f"Here $x_{{j}}$ is row $j$ of {table}, counted from 0, and $(a)_+ = \\max(a, 0)$."
    return f"\\begin{{align*}}\n{lines}\n\\end{{align*}}\n{about}"


def _variables(study: Study) -> str:
    names = ", ".join(f"\\textit{{{escape(name)}}}" for name in study.features)
    if study.classes and study.y.ndim > 1:
        classes = ", ".join(f"\\textit{{{escape(name)}}}" for name in study.classes)
        target = f" The entries of $f$ are those of the classes {classes}; the largest says which."
    elif study.classes:
        first, second = map(escape, study.classes)
        target = f" Negative values mean the class \\textit{{{first}}}, positive ones \\textit{{{second}}}."
    else:
        target = ""
    if study.scaling is None:
        return f"The coordinates of $x$ are the columns {names}.{target}"
    rows = " \\\\\n".join(
        f"{k + 1} & \\textit{{{escape(name)}}} & {mean:.9g} & {deviation:.9g}"
        for k, (name, mean, deviation) in enumerate(
            zip(study.features, study.scaling.mean, study.scaling.deviation, strict=True)
        )
    )
    return (
        "The coordinates of $x$ and of every $x_{j}$ are standardised columns, "
        f"(column $-$ mean) / deviation:{target}\n"
        "\\begin{longtable}{rlrr}\ncoordinate & column & mean & deviation \\\\\n\\hline\n"
        f"{rows}\n\\end{{longtable}}"
    )


def _samples(study: Study) -> str:
    used = sorted({j for neuron in study.solution.network.neurons for j in neuron.atom.samples})
    if not used:
        return ""
    rows = " \\\\\n".join(
        f"$x_{{{j}}}$ & {study.lines[j]} & $({', '.join(f'{v:.6g}' for v in study.inputs[j])})$" for j in used
    )
    scaled = " (standardised)" if study.scaling is not None else ""
    return (
        f"The samples in the formula{scaled}:\n"
        "\\begin{longtable}{rrp{10cm}}\nsample & line of the file & coordinates \\\\\n\\hline\n"
        f"{rows}\n\\end{{longtable}}"
    )
