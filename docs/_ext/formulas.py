r"""Mathematics in plain text, as the theorems of `proofs` are written, as LaTeX in Markdown.

Formulas are found word by word: a word with a sign of mathematics in it is one, and so are single letters and numbers
beside such words. Letters of other alphabets, accents, indices and signs then become commands.

>>> typeset("For units u, the sum Σ_i v_i (x̃_i·u)_+ is at most ‖w‖_p.")
'For units $u$, the sum $\\sum _{i} v_{i} (\\tilde x_{i}\\cdot u)_{+}$ is at most $\\Vert w\\Vert _{p}$.'
>>> typeset("a wedge of a sample, if a > 0 (step 2)")
'a wedge of a sample, if $a \\gt  0$ (step 2)'
"""

from __future__ import annotations

import re
import unicodedata

SIGNS = {
    "−": "-", "·": r"\cdot ", "≤": r"\leq ", "≥": r"\geq ", "≠": r"\neq ", "<": r"\lt ", ">": r"\gt ", "±": r"\pm ",
    "∓": r"\mp ", "×": r"\times ", "∈": r"\in ", "⊂": r"\subset ", "∪": r"\cup ", "∩": r"\cap ", "∖": r"\setminus ",
    "∧": r"\wedge ", "⊥": r"\perp ", "⊗": r"\otimes ", "⪰": r"\succeq ", "→": r"\to ", "↦": r"\mapsto ",
    "∞": r"\infty ", "⋆": r"{\star}", "∗": r"{\ast}", "*": r"{*}", "…": r"\dots ", "⋯": r"\cdots ", "Σ": r"\sum ",
    "Π": r"\prod ", "‖": r"\Vert ", "|": r"\vert ", "⟨": r"\langle ", "⟩": r"\rangle ", "½": r"\tfrac{1}{2}",
    "¼": r"\tfrac{1}{4}", "⅛": r"\tfrac{1}{8}", "ℓ": r"\ell ", "√": r"\surd ", "∂": r"\partial ",
}  # fmt: skip
UNLIKE = {"ε": "varepsilon", "φ": "varphi", "λ": "lambda", "Λ": "Lambda"}  # their names are others in Unicode
for letter in "αβγδεζηθκλμνξπρστφψωΓΔΘΛΦΨ":
    name = unicodedata.name(letter).split()[-1].lower()
    SIGNS[letter] = "\\" + UNLIKE.get(letter, name.capitalize() if letter.isupper() else name) + " "
LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋ₙₚ", "0123456789+-np")
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ", "0123456789-+n")
FUNCTIONS = {"det", "max", "min", "sup", "inf", "cos", "sin", "log", "exp", "dim"}
NAMES = {"rank", "sign", "reject", "dist", "Gram", "div", "conv", "clip"}
WORDS = FUNCTIONS | NAMES | {"reg"}
ALPHABET = (set(SIGNS) | set("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵀ₊₁₂\u0303\u0302")) - {"*"}
OPERATORS = set("=<>+≤≥≠∈⊂∪∩−·→↦⪰±∓∧⊥⊗×∖/") | {":="}
LABEL = re.compile(r"\((?:[A-Z]\d?[a-z]?|\d+[a-z]?|[a-z])\)|[A-Z]\d+")  # (T), (Z1a), (2b), (a), L8
FORMULA = re.compile(
    r"[A-Za-z]'*[_^]|\W[_^]|^(?:[A-Za-z]{1,4}'*|1)[(\[]\S|^[A-Za-z]'+\W*$|^\d+[A-Za-z]$|\d/\d|^[A-Za-z0-9]/[\w(]|^reg/|^(?:Xu|sM|eI|pq)$"
)
OPENING, CLOSING = "([{", ")]}"


def typeset(text: str) -> str:
    """Prose with its formulas between dollars; everything else is escaped for Markdown."""
    return " ".join(
        f"{before}${to_latex(part)}${after}" if math else escape(before + part + after)
        for math, before, part, after in parts(text)
    )


def display(lines: list[str]) -> str:
    """Lines of a formula, in which words may stand, as one formula of its own."""
    rows = []
    for line in lines:
        cells = []
        for cell in re.split(r"\s{2,}", line.strip()):
            words = (
                f"{before}{to_latex(part)}{after}" if math else rf"\text{{{before + part + after}}}"
                for math, before, part, after in parts(cell)
            )
            cells.append(r"\; ".join(words))
        rows.append("& " + r" \qquad ".join(cells))
    body = " \\\\\n".join(rows)
    return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"


def escape(text: str) -> str:
    """Words, of which those between asterisks stay emphasised."""
    return re.sub(r"\\\*(\w+)\\\*", r"*\1*", re.sub(r"([*`<$\[\]|~_])", r"\\\1", text))


def parts(text: str) -> list[tuple[bool, str, str, str]]:
    """(whether it is a formula, what stands before it, it, what stands after it), for words and formulas in order."""
    words = unicodedata.normalize("NFC", text).split()
    kinds = [_kind(word) for word in words]
    for k, kind in enumerate(kinds):  # a, A and I are words, but beside an operator
        if kind == "article":
            before = kinds[k - 1] if k and not words[k - 1].endswith((",", ";", ".", ":")) else "word"
            after = kinds[k + 1] if k + 1 < len(kinds) and words[k][-1] not in ",;.:" else "word"
            kinds[k] = "letter" if "operator" in (before, after) else "word"
    found: list[tuple[bool, str, str, str]] = []
    k = 0
    while k < len(words):
        end, depth = k, 0
        while end < len(words) and kinds[end] != "word":
            depth += sum(words[end].count(c) for c in OPENING) - sum(words[end].count(c) for c in CLOSING)
            end += 1
            dots = any("…" in word for word in words[end - 1 : end + 1])
            if depth <= 0 and (words[end - 1][-1] in ".;:" or (words[end - 1][-1] == "," and not dots)):
                break
        run = " ".join(words[k:end])
        if set(kinds[k:end]) - {"number"} and set(run.strip(".,;:()").split()) - WORDS | (
            {"reg"} & set(run.split())
        ):
            before, inside, after = _trim(run)
            found.append((bool(inside), before, inside, after) if inside else (False, "", run, ""))
            k = end
        else:
            found.append((False, "", words[k], ""))
            k += 1
    return found


def _kind(word: str) -> str:
    core = word.strip("(),.;:[]{}")
    if LABEL.fullmatch(word.strip(",.;:")) or not core:
        return "word"
    if core in OPERATORS:
        return "operator"
    if core in {"a", "A", "I"}:
        return "article"
    if re.fullmatch(r"[a-z]{4,}(_[a-z]{3,})+", core):  # a name of code
        return "word"
    if re.fullmatch(r"[A-Za-z]", core) or core in WORDS:
        return "letter"
    if re.fullmatch(r"\d+", core):
        return "number"
    decomposed = _decomposed(word)
    plain = re.sub(r"[A-Za-z]{5,}", "", core)
    if re.search(r"[A-Za-z]{4,}", re.sub(r"|".join(WORDS), "", core)) and not set(core) & set("_^‖Σ"):
        return "word"  # such as two-dimensional, or Hölder's
    return "formula" if set(decomposed) & ALPHABET or FORMULA.search(plain) else "word"


def _decomposed(text: str) -> str:
    """Letters with their accents behind them."""
    return "".join(unicodedata.normalize("NFD", c) if c.isalpha() else c for c in text)


def _trim(run: str) -> tuple[str, str, str]:
    """Punctuation and brackets that belong to the sentence, off both ends."""
    before = after = ""
    while run:
        if run[-1] in ".,;:" or (run[-1] in CLOSING and _depth(run) < 0):
            run, after = run[:-1], run[-1] + after
        elif run[0] in OPENING and (_depth(run) > 0 or _closes_early(run)):
            before, run = before + run[0], run[1:]
        elif run[0] == "(" and run[-1] == ")" and " " not in run and not _closes_early(run) and len(run) < 4:
            before, run, after = before + "(", run[1:-1], ")" + after
        else:
            break
    return before, run.strip(), after


def _depth(run: str) -> int:
    return sum((c in OPENING) - (c in CLOSING) for c in run)


def _closes_early(run: str) -> bool:
    """Whether a bracket closes that was not opened."""
    depth = 0
    for c in run:
        depth += (c in OPENING) - (c in CLOSING)
        if depth < 0:
            return True
    return False


def to_latex(run: str) -> str:
    """One formula."""
    text = re.sub("(.)\u0303", r"\\tilde \1", _decomposed(run))
    text = re.sub("(.)\u0302", r"\\hat \1", text)
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ]+", lambda found: f"^{{{found[0].translate(RAISED)}}}", text)
    text = re.sub("[₀-₉₊₋ₙₚ]+", lambda found: f"_{{{found[0].translate(LOWERED)}}}", text)
    text = text.replace("ᵀ", r"^{\top}").replace("‖Π", r"‖\Pi")
    text = re.sub(r"√(‖[^‖]*‖|\w)", r"\\sqrt{\1}", re.sub(r"√\(([^()]*)\)", r"\\sqrt{\1}", text))
    text = _braces(text)
    text = re.sub(r"([_^])(\d+|[A-Za-zα-ωΑ-Ω]+|[+−±∞*½])", r"\1{\2}", text)
    text = re.sub(r"\bR\^", r"\\mathbb R^", text)
    text = re.sub(r"(?<![\\A-Za-z{])[A-Za-z]{3,}(?![A-Za-z])", _name, text)
    return "".join(SIGNS.get(c, c) for c in text).strip()


def _braces(text: str) -> str:
    """Braces of sets are printed, those of indices and commands group."""
    out, stack = [], []
    for k, c in enumerate(text):
        if c == "{":
            groups = text[k - 1 : k] in {"_", "^"} or re.search(r"\\[a-z]+$", text[:k]) is not None
            stack.append(groups)
            out.append(c if groups else r"\{")
        elif c == "}":
            out.append(c if stack and stack.pop() else r"\}")
        else:
            out.append(c)
    return "".join(out)


def _name(found: re.Match[str]) -> str:
    name = found[0]
    if name in FUNCTIONS:
        return rf"\{name} "
    return rf"\operatorname{{{name}}}"
