"""A label as a reader expects to see it: Greek letters, subscripts, nothing executed.

`net_{d1}`, `net_d1`, `w31`, `w_{12}^{(2)}`, `a^[2]` and `sigma` are read as a base with a
subscript and a superscript. Any other label is shown letter by letter as it was typed,
escaped for where it is shown.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from functools import lru_cache

from .terminal import printable

_GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau "
    "upsilon phi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"
)
GREEK: dict[str, str] = dict(
    zip(_GREEK_NAMES.split(), "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ", strict=True)
)
_MACROS = {letter: f"\\{name}" for name, letter in GREEK.items()}

_SCRIPT = r"(?:\{([^{}]*)\}|(\([\w+-]+\)|\[[\w+-]+\]|\w+))"
_LABEL = re.compile(
    rf"([^\W\d_]+'*)(?:([0-9]+)|_{_SCRIPT})?(?:\^{_SCRIPT})?(?:(?<=[)\]}}])_{_SCRIPT})?\Z"
)
_SCRIPT_TEXT = re.compile(r"[\w,()\[\]+\-* ]*\Z")

# Letters without a Unicode subscript (b, c, d …) keep the underscore they were typed with.
_LOWERED = dict(
    zip("0123456789+-()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True)
)
_RAISED = dict(zip("0123456789+-()niLjk", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱᴸʲᵏ", strict=True))

# Every character TeX gives a meaning, as math that LaTeX, KaTeX, MathJax and mathtext print.
_LATEX = {
    "\\": r"\backslash ",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\wedge ",
    "~": r"\sim ",
    "<": "{<}",
    ">": "{>}",
    "'": "{}'",
    "`": r"{}^{\backslash}",
    '"': "{}''",
    " ": r"\ ",
    "-": "{-}",
    "*": "{*}",
    "+": "{+}",
    "=": "{=}",
    "|": r"\vert ",
    "/": "{/}",
    ":": "{:}",
    ",": "{,}",
    ";": "{;}",
    "@": "{@}",
    "[": "{[}",
    "]": "{]}",
    "(": "{(}",
    ")": "{)}",
    "!": "{!}",
    "?": "{?}",
}


@dataclass(frozen=True)
class Label:
    """A label read as `base`, `sub`script and `sup`erscript; `plain` where it can't be."""

    base: str
    sub: str = ""
    sup: str = ""
    plain: bool = False


@lru_cache(4096)
def read_label(label: str) -> Label:
    r"""The parts of a label.

    >>> read_label("net_{d1}")
    Label(base='net', sub='d1', sup='', plain=False)
    >>> read_label("w31").sub, read_label("w_{12}^{(2)}").sup
    ('31', '(2)')
    >>> read_label("</svg>").plain
    True
    """
    match = _LABEL.match(label)
    if match is None:
        return Label(printable(label), plain=True)
    base, digits, braced, bare, braced_sup, bare_sup, late_braced, late_bare = match.groups()
    sub = digits or braced or bare or ""
    sup = braced_sup or bare_sup or ""
    late = late_braced or late_bare or ""
    if (sub and late) or not all(_SCRIPT_TEXT.match(part) for part in (sub, sup, late)):
        return Label(printable(label), plain=True)
    return Label(base, (sub or late).strip().replace("_", ","), sup.strip())


def _needs_fence(text: str) -> bool:
    """Whether a label would run into the formula around it: `x1*w1`, say."""
    return any(c in " +-*/^~<>=&|(){},;!?%$\\" for c in text)


def _script(mark: str, script: str) -> str:
    closed = script.isalnum() or (script[0] + script[-1] in ("()", "[]"))
    return mark + (script if closed else f"{{{script}}}")


def _unicode_letter(base: str) -> str:
    name = base.rstrip("'")
    return GREEK.get(name, name) + "′" * (len(base) - len(name))


@lru_cache(4096)
def unicode_label(label: str) -> str:
    """The label in a line of Unicode text.

    >>> unicode_label("w_31"), unicode_label("net_{d1}"), unicode_label("sigma_k")
    ('w₃₁', 'net_d1', 'σₖ')
    >>> unicode_label("x1*w1 + b")
    '(x1*w1 + b)'
    """
    parts = read_label(label)
    if parts.plain:
        return f"({parts.base})" if _needs_fence(parts.base) else parts.base
    text = _unicode_letter(parts.base)
    for mark, script, letters in (("_", parts.sub, _LOWERED), ("^", parts.sup, _RAISED)):
        if not script:
            continue
        if len(script) <= 5 - 2 * (mark == "_") and all(c in letters for c in script):
            text += "".join(letters[c] for c in script)
        else:
            text += _script(mark, script)
    return text


@lru_cache(4096)
def plain_label(label: str) -> str:
    """The label in ASCII.

    >>> plain_label("net_{d1}"), plain_label("w31"), plain_label("σ")
    ('net_d1', 'w31', 'sigma')
    """
    parts = read_label(label)
    if parts.plain:
        text = f"({parts.base})" if _needs_fence(parts.base) else parts.base
    else:
        text = parts.base
        written = label.startswith(text + parts.sub)
        for mark, script in (("" if written else "_", parts.sub), ("^", parts.sup)):
            if script:
                text += _script(mark, script) if mark else script
    for letter, macro in _MACROS.items():
        text = text.replace(letter, macro[1:])
    return text.encode("ascii", "backslashreplace").decode()


def latex_text(text: str) -> str:
    r"""Any text as upright LaTeX math that prints it and does nothing else.

    >>> latex_text(r"\input{x}")
    '\\mathrm{\\backslash input\\{x\\}}'
    """
    shown = "".join(
        _LATEX.get(c) or (c if c.isascii() and c.isalnum() else _latex_character(c))
        for c in printable(text)
    )
    return rf"\mathrm{{{shown}}}"


def _latex_character(c: str) -> str:
    if c in _MACROS:
        return _MACROS[c] + " "
    return rf"\text{{{c}}}" if not c.isascii() else "{" + c + "}"


def _latex_script(script: str) -> str:
    letters = sum(c.isalpha() for c in script)
    if script in GREEK:
        return f"\\{script}"
    if all(c.isascii() and (c.isalnum() or c in ",()[]+-*") for c in script) and letters <= 2:
        return script
    return latex_text(script)


@lru_cache(4096)
def latex_label(label: str) -> str:
    r"""The label in LaTeX math, safe between `$ … $` in Markdown and HTML as well.

    >>> latex_label("net_d1"), latex_label("w_{12}^{(2)}"), latex_label("sigma_total")
    ('\\mathrm{net}_{d1}', 'w_{12}^{(2)}', '\\sigma_{\\mathrm{total}}')
    >>> latex_label("$x_{$")
    '\\left(\\mathrm{\\$x\\_\\{\\$}\\right)'
    """
    parts = read_label(label)
    if parts.plain:
        text = latex_text(parts.base)
        return rf"\left({text}\right)" if _needs_fence(parts.base) else text
    name = parts.base.rstrip("'")
    letter = GREEK.get(name, name)
    if letter in _MACROS:
        text = _MACROS[letter]
    elif len(name) == 1 and name.isascii():
        text = name
    else:
        text = latex_text(name)
    text += "'" * (len(parts.base) - len(name))
    if parts.sub:
        text += f"_{{{_latex_script(parts.sub)}}}"
    if parts.sup:
        text += f"^{{{_latex_script(parts.sup)}}}"
    return text


@lru_cache(4096)
def mathml_label(label: str) -> str:
    """The label in MathML.

    >>> mathml_label("w31")
    '<msub><mi>w</mi><mn>31</mn></msub>'
    >>> mathml_label("<b>")
    '<mrow><mo>(</mo><mtext>&lt;b&gt;</mtext><mo>)</mo></mrow>'
    """
    parts = read_label(label)
    if parts.plain:
        text = f"<mtext>{html.escape(parts.base)}</mtext>"
        if _needs_fence(parts.base):
            text = f"<mrow><mo>(</mo>{text}<mo>)</mo></mrow>"
        return text
    base = f"<mi>{html.escape(_unicode_letter(parts.base))}</mi>"
    scripts = [
        f"<mn>{script}</mn>" if script.isdigit() else f"<mi>{html.escape(script)}</mi>"
        for script in (parts.sub, parts.sup)
        if script
    ]
    if parts.sub and parts.sup:
        return f"<msubsup>{base}{''.join(scripts)}</msubsup>"
    if scripts:
        tag = "msub" if parts.sub else "msup"
        return f"<{tag}>{base}{scripts[0]}</{tag}>"
    return base
