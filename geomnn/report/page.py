"""report.html: one page that explains the network and needs nothing outside of itself."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Sequence
from importlib.resources import files
from string import Template

from geomnn.checker.digits import printable
from geomnn.report import listings, words
from geomnn.report.mathematics import closed_form
from geomnn.report.pictures import Picture
from geomnn.report.study import Study

__all__ = ["page_text"]

LARGEST_SVG = 500_000  # bytes; above, the PNG goes into the page
# what a name in a table may hold and nobody sees: controls, and marks that turn the direction of text
INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def page_text(study: Study, pictures: Sequence[Picture]) -> str:
    """The report as HTML, with its pictures inside.

    Parameters
    ----------
    study : Study
    pictures : sequence of Picture
    """
    template = Template(files("geomnn.report").joinpath("page.html").read_text(encoding="utf-8"))
    page = template.substitute(
        title=html.escape(f"A network in closed form for {study.request.target}"),
        data=words.data(study),
        doubt=words.doubt(study),
        verdict=html.escape(study.solution.certificate.statement()),
        trust=words.trust(study),
        trust_class=study.solution.certificate.coverage.scope if words.reached(study) else "local",
        formula=closed_form(study.network),
        variables=words.variables(study),
        fit=words.fit(study),
        pictures="".join(_figure(picture) for picture in pictures),
        rows=words.rows(study),
        neurons=listings.neurons(study),
        samples=listings.samples(study),
        scaling=listings.scaling(study),
        reading=words.reading(study),
        problem=words.problem(study),
        certificate=listings.facts(study),
        proof=words.proof(study),
        command=html.escape(study.request.command()),
        digest=study.digest,
        verification=words.verification(study),
        usage=html.escape(words.usage(study)),
        files=words.file_list([picture.name for picture in pictures]),
    )
    return INVISIBLE.sub(lambda found: printable(found[0]), page)


def _figure(picture: Picture) -> str:
    small = len(picture.svg) <= LARGEST_SVG
    kind, content = ("svg+xml", picture.svg) if small else ("png", picture.png)
    encoded = base64.b64encode(content).decode("ascii")
    caption = html.escape(picture.caption)
    return (
        f'<figure class="{picture.name}"><img alt="{caption}" src="data:image/{kind};base64,{encoded}">'
        f"<figcaption>{caption}</figcaption></figure>\n"
    )
