"""The report: one self-contained HTML file that opens offline."""

import base64
import io
import os
import re
from pathlib import Path

from bgbias.results.names import human
from bgbias.results.table_formats import Table

_LARGE = 300_000  # bytes


def render(template: str | os.PathLike, **content) -> str:
    """Fill the Jinja template; an undefined name is an error. Text is escaped."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "human": human,
        "embedded": embedded,
        "breakable": breakable,
        "headings": headings,
    }
    return environment.from_string(Path(template).read_text(encoding="utf-8")).render(**content)


def embedded(image: str | os.PathLike) -> str:
    """A PNG file as a data: URL. Large images become WebP, which is smaller and looks the same."""
    data, kind = Path(image).read_bytes(), "png"
    if len(data) > _LARGE:
        from PIL import Image

        stream = io.BytesIO()
        with Image.open(io.BytesIO(data)) as picture:
            picture.convert("RGB").save(stream, "WEBP", quality=88)
        data, kind = stream.getvalue(), "webp"
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def breakable(text: str) -> str:
    """``text`` with line breaks allowed between a dot or underscore and a letter."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"(?<=[._])(?=[^\W\d])", "<wbr>", str(escape(text))))


def headings(table: Table) -> list[tuple[str, int]]:
    """A table's upper header row as (title, columns spanned); empty if no group has a title."""
    if not any(title for title, _ in table.groups):
        return []
    return [("", len(table.stub)), *((title, len(columns)) for title, columns in table.groups)]
