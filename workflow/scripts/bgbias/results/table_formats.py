"""A table as rows of cells, and its output formats: LaTeX (booktabs) and Markdown."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from bgbias.files import write_rows, write_text

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"$<$", ">": r"$>$", "|": r"$|$",
    "±": r"$\pm$", "−": r"$-$", "–": "--",
}  # fmt: skip
_LATEX_NEEDS = (
    r"Needs \usepackage{booktabs}. If it is too wide: table* across both columns; in LNCS \scriptsize or "
    r"\resizebox{\textwidth}{!}{...}."
)
_MARKDOWN = {sign: "\\" + sign for sign in "\\|*_`<>["}


@dataclass(frozen=True)
class Cell:
    """One cell: ``text``, bold if ``bold``, followed by ``rest`` (its sd) in normal weight."""

    text: str = ""
    rest: str = ""
    bold: bool = False


@dataclass(frozen=True)
class Table:
    """A table with left columns (``stub``), column groups and blocks of rows.

    ``groups``: (title, column titles) from left to right; ``blocks``: (title, rows), an empty title prints no
    heading; every row has one cell for each stub and each column. A repeated name in the first stub is left
    empty, and a row with a name there starts a new family of rows. ``note``: sentences that explain the
    numbers, for readers who see only the table.
    """

    stub: list[str]
    groups: list[tuple[str, list[str]]]
    blocks: list[tuple[str, list[list[Cell]]]] = field(default_factory=list)
    note: str = ""

    @property
    def width(self) -> int:
        return len(self.stub) + sum(len(columns) for _, columns in self.groups)

    def rests(self) -> list[str]:
        """Each column's longest ``rest``. A cell without one reserves that width, so that numbers stay
        aligned."""
        rows = [row for _, rows in self.blocks for row in rows]
        return [max((row[place].rest for row in rows), key=len, default="") for place in range(self.width)]


def to_latex(table: Table) -> str:
    """A complete ``tabular`` that compiles in any document with ``\\usepackage{booktabs}``."""
    columns = "l" * len(table.stub) + "r" * (table.width - len(table.stub))
    lines = [rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}", r"\toprule"]
    if any(title for title, _ in table.groups):
        lines += _latex_groups(table)
    titles = table.stub + [column for _, columns in table.groups for column in columns]
    lines.append(_latex_row([_escape(title, _LATEX) for title in titles]))
    rests = table.rests()
    for title, rows in table.blocks:
        lines.append(r"\midrule")
        if title:
            heading = rf"\emph{{{_escape(title, _LATEX)}}}"
            lines.append(_latex_row([rf"\multicolumn{{{table.width}}}{{@{{}}l@{{}}}}{{{heading}}}"]))
        for place, row in enumerate(rows):
            if place and _starts_family(rows, row):
                lines.append(r"\addlinespace")
            lines.append(_latex_row([*map(_latex_cell, row, rests)]))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def to_markdown(table: Table) -> str:
    """A pipe table; a group's title is prepended to its columns' titles, a block's title has its own row."""
    titles = list(table.stub)
    for group, columns in table.groups:
        titles += [f"{group} {column}".strip() for column in columns]
    align = ["---"] * len(table.stub) + ["---:"] * (table.width - len(table.stub))
    lines = [[_escape(title, _MARKDOWN) for title in titles], align]
    for title, rows in table.blocks:
        if title:
            lines.append([f"**{_escape(title, _MARKDOWN)}**"] + [""] * (table.width - 1))
        lines += [[_markdown_cell(cell) for cell in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def save(
    table: Table,
    rows: Sequence[dict],
    columns: Sequence[str],
    tex: str | os.PathLike,
    csv: str | os.PathLike,
    md: str | os.PathLike,
) -> None:
    """Write ``table`` with its note as LaTeX and Markdown, and ``rows``, which may hold more, as CSV."""
    write_text(tex, f"% {_escape(table.note, _LATEX)}\n% {_LATEX_NEEDS}\n{to_latex(table)}")
    write_text(md, f"{_escape(table.note, _MARKDOWN)}\n\n{to_markdown(table)}")
    write_rows(csv, rows, columns)


def number(value: float, digits: int = 2) -> str:
    """``value`` with a true minus sign, but none before zero: 0.08, −0.30, 0.00."""
    return f"{value:z.{digits}f}".replace("-", "−")


def _starts_family(rows: list[list[Cell]], row: list[Cell]) -> bool:
    return bool(row[0].text) and any(not other[0].text for other in rows)


def _latex_groups(table: Table) -> list[str]:
    cells, rules, column = [""] * len(table.stub), [], len(table.stub) + 1
    for title, columns in table.groups:
        if not title:
            cells += [""] * len(columns)
        else:
            cells.append(rf"\multicolumn{{{len(columns)}}}{{c}}{{{_escape(title, _LATEX)}}}")
            rules.append(rf"\cmidrule(lr){{{column}-{column + len(columns) - 1}}}")
        column += len(columns)
    return [_latex_row(cells), " ".join(rules)]


def _latex_row(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def _latex_cell(cell: Cell, room: str) -> str:
    text, rest = _bold(_escape(cell.text, _LATEX), cell, r"\textbf{", "}"), _escape(cell.rest, _LATEX)
    if text and room and not rest:
        rest = rf"\phantom{{{_escape(room, _LATEX)}}}"
    return f"{text} {rest}".strip()


def _markdown_cell(cell: Cell) -> str:
    text = _bold(_escape(cell.text, _MARKDOWN), cell, "**", "**")
    return f"{text} {_escape(cell.rest, _MARKDOWN)}".strip()


def _bold(text: str, cell: Cell, before: str, after: str) -> str:
    return f"{before}{text}{after}" if cell.bold and text else text


def _escape(text: str, signs: dict[str, str]) -> str:
    return "".join(signs.get(sign, sign) for sign in text)
