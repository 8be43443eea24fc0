"""A label as a reader expects to see it: Greek letters, subscripts, nothing executed.

`net_{d1}`, `out_{d_1}`, `w31`, `w_{12}^{(2)}`, `a^[2]`, `sigma`, `\\delta_1` and `\\hat{y}` are
read as a base with a subscript and a superscript. Any other label is shown letter by letter
as it was typed, escaped for where it is shown.
"""

from __future__ import annotations

import html
import re
import unicodedata
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

# Accents by their macro: what Unicode combines with a letter, and what MathML puts over it.
_ACCENTS = {
    "hat": ("\u0302", "^"),
    "bar": ("\u0304", "‾"),
    "tilde": ("\u0303", "~"),
    "vec": ("\u20d7", "→"),
    "dot": ("\u0307", "˙"),
}
_LETTERS = r"\\?[^\W\d_]+"
_SCRIPT = r"(?:\{((?:[^{}]|\{[^{}]*\})*)\}|(\([\w+-]+\)|\[[\w+-]+\]|\w+))"
_LABEL = re.compile(
    rf"(?:\\({'|'.join(_ACCENTS)})\{{({_LETTERS})\}}|({_LETTERS}))('*)(?:([0-9]+)|_{_SCRIPT})?"
    rf"(?:\^{_SCRIPT})?(?:(?<=[)\]}}])_{_SCRIPT})?(#[0-9]+)?\Z"
)
# A script may be a label with a script, and so on; longer labels are shown as they are typed.
_LONGEST = 200
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
    """A label read as `base`, `sub`script and `sup`erscript; `plain` where it can't be.

    accent  "hat" for ŷ, and the like
    count   "#2" for the second of several values with one label
    """

    base: str
    sub: str = ""
    sup: str = ""
    plain: bool = False
    accent: str = ""
    count: str = ""


@lru_cache(4096)
def read_label(label: str) -> Label:
    r"""The parts of a label; a script may be a label of its own.

    >>> read_label("net_{d1}").base, read_label("net_{d1}").sub
    ('net', 'd1')
    >>> read_label("w31").sub, read_label("w_{12}^{(2)}").sup, read_label("out_{d_1}").sub
    ('31', '(2)', 'd_1')
    >>> read_label(r"\hat{y}_k").accent
    'hat'
    >>> read_label("</svg>").plain
    True
    """
    match = _LABEL.match(label) if len(label) <= _LONGEST else None
    if match is None:
        return Label(printable(label), plain=True)
    accent, accented, base, primes, digits, *scripts, count = match.groups()
    braced, bare, braced_sup, bare_sup, late_braced, late_bare = (each or "" for each in scripts)
    sub = digits or braced or bare
    sup = braced_sup or bare_sup
    late = late_braced or late_bare
    name = base or accented
    unknown = name.startswith("\\") and name[1:] not in GREEK
    if (sub and late) or unknown or not all(map(_is_script, (sub, sup, late))):
        return Label(printable(label), plain=True)
    return Label(
        name.removeprefix("\\") + primes,
        _script_parts(sub or late),
        _script_parts(sup),
        accent=accent or "",
        count=count or "",
    )


def _is_script(text: str) -> bool:
    return bool(_SCRIPT_TEXT.match(text)) or not read_label(text).plain


def _script_parts(text: str) -> str:
    """d_1 as it is, a letter with an index; any other underscore as a comma."""
    text = text.strip()
    nested = read_label(text)
    if nested.plain or len(_unicode_letter(nested.base)) > 1 or text.startswith("\\"):
        return text if text.startswith("\\") else text.replace("_", ",")
    return text


def _is_nested(script: str) -> bool:
    return "_" in script or "^" in script or "\\" in script


def _needs_fence(text: str) -> bool:
    """Whether a label would run into the formula around it: `x1*w1`, say."""
    return any(c in " +-*/^~<>=&|(){},;!?%$\\" for c in text)


def _script(mark: str, script: str) -> str:
    closed = script.isalnum() or (script[0] + script[-1] in ("()", "[]"))
    return mark + (script if closed else f"{{{script}}}")


def _unicode_letter(base: str, accent: str = "") -> str:
    name = base.rstrip("'")
    letter = GREEK.get(name, name)
    if accent:
        letter = unicodedata.normalize("NFC", letter[:1] + _ACCENTS[accent][0] + letter[1:])
    return letter + "′" * (len(base) - len(name))


def _small(script: str, letters: dict[str, str], longest: int) -> str | None:
    """A script in Unicode's small letters; None where some of it has none, or reads as another.

    ₒ beside digits is a nought, and ₗ a one.
    """
    confusing = {*"ol"} & {*script} and any(c.isdigit() for c in script)
    if len(script) > longest or confusing or not all(c in letters for c in script):
        return None
    return "".join(letters[c] for c in script)


@lru_cache(4096)
def has_small_scripts(label: str) -> bool:
    """Whether all scripts of a label can be written in Unicode's small letters.

    >>> has_small_scripts("w_31"), has_small_scripts("net_{d1}")
    (True, False)
    """
    parts = read_label(label)
    return parts.plain or None not in (
        _small(parts.sub, _LOWERED, 3),
        _small(parts.sup, _RAISED, 5),
    )


@lru_cache(4096)
def unicode_label(label: str, small: bool = True) -> str:
    r"""The label in a line of Unicode text.

    small  whether scripts are written in small letters, where there are such

    >>> unicode_label("w_31"), unicode_label("net_{d1}"), unicode_label("sigma_k")
    ('w₃₁', 'net_d1', 'σₖ')
    >>> unicode_label("w_31", small=False), unicode_label(r"\hat{y}_1")
    ('w_31', 'ŷ₁')
    >>> unicode_label("x1*w1 + b")
    '(x1*w1 + b)'
    """
    parts = read_label(label)
    if parts.plain:
        return f"({parts.base})" if _needs_fence(parts.base) else parts.base
    text = _unicode_letter(parts.base, parts.accent)
    small = small and has_small_scripts(label)
    for mark, script, letters in (("_", parts.sub, _LOWERED), ("^", parts.sup, _RAISED)):
        if script and small:
            text += _small(script, letters, 5) or ""
        elif script:
            text += _script(mark, unicode_label(script, False) if _is_nested(script) else script)
    return text + parts.count


@lru_cache(4096)
def plain_label(label: str) -> str:
    r"""The label in ASCII.

    >>> plain_label("net_{d1}"), plain_label("w31"), plain_label("σ"), plain_label(r"\hat{y}")
    ('net_d1', 'w31', 'sigma', 'yhat')
    """
    parts = read_label(label)
    if parts.plain:
        text = f"({parts.base})" if _needs_fence(parts.base) else parts.base
    else:
        text = parts.base + parts.accent
        written = label.startswith(text + parts.sub)
        for mark, script in (("" if written else "_", parts.sub), ("^", parts.sup)):
            if script:
                shown = plain_label(script) if _is_nested(script) else script
                text += _script(mark, shown) if mark else shown
        text += parts.count
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
    if _is_nested(script):
        return re.sub(r"_\{(\w)\}", r"_\1", latex_label(script))
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
    if parts.accent:
        text = rf"\{parts.accent}{{{text}}}"
    text += "'" * (len(parts.base) - len(name))
    if parts.sub:
        text += f"_{{{_latex_script(parts.sub)}}}"
    if parts.sup:
        text += f"^{{{_latex_script(parts.sup)}}}"
    return text + parts.count.replace("#", r"\#")


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
    if parts.accent:
        over = f"<mo>{_ACCENTS[parts.accent][1]}</mo>"
        base = f'<mover accent="true">{base}{over}</mover>'
    scripts = [_mathml_script(script) for script in (parts.sub, parts.sup) if script]
    text = base
    if len(scripts) == 2:
        text = f"<msubsup>{base}{''.join(scripts)}</msubsup>"
    elif scripts:
        tag = "msub" if parts.sub else "msup"
        text = f"<{tag}>{base}{scripts[0]}</{tag}>"
    return f"<mrow>{text}<mtext>{parts.count}</mtext></mrow>" if parts.count else text


def _mathml_script(script: str) -> str:
    if _is_nested(script):
        return mathml_label(script)
    return f"<mn>{script}</mn>" if script.isdigit() else f"<mi>{html.escape(script)}</mi>"
