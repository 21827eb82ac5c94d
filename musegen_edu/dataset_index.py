"""The table inside a dataset's zip, `index.csv`: what is known of each piece beside its notes."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One line of a dataset's table: what is known of one piece beside its notes.

    `file` is the MIDI file in the zip, `kind` the kind of tune ("reel", "jig", ... or "" where nobody says), `meter` the time
    signature, `pickup` in ticks (24 to the quarter note), `bpm` in quarter notes a minute, `bars` includes the pickup bar.
    `family` is the same number for pieces that share a melody; a family lies on one side of the split. `source` is the book,
    `origin` the file that was read, `credit` those who made that file, `official_split` the side on which a published split
    has the piece ("" where it is in none). `fermatas` are the onsets, in ticks, of the notes of
    part 0 that are held (chorales: the ends of the lines). `style` is there in the dataset "styles" only, "" elsewhere; so are
    files such as "folk:ryan_0001.mid#1-12": bars 1 to 12 of a piece in another dataset.
    """

    file: str
    title: str
    kind: str
    key: str
    meter: tuple[int, int]
    pickup: int
    bpm: float
    bars: int
    notes: int
    split: str
    family: int
    source: str
    origin: str
    credit: str
    official_split: str = ""
    fermatas: tuple[int, ...] = ()
    style: str = ""


_COLUMNS = tuple(field.name for field in dataclasses.fields(IndexRow))
_OPTIONAL = ("style",)  # left out of the table where no row has it, so that older datasets keep their bytes


def write_index(rows: Sequence[IndexRow]) -> str:
    """Return the rows as a CSV table with a heading.

    Examples
    --------
    >>> row = IndexRow("a.mid", "A", "", "C major", (4, 4), 0, 90.0, 6, 20, "train", 0, "book", "page", "us", style="folk")
    >>> read_index(write_index([row])) == (row,)
    True
    """
    columns = [name for name in _COLUMNS if name not in _OPTIONAL or any(getattr(row, name) for row in rows)]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        values = {column: getattr(row, column) for column in columns}
        values["meter"] = f"{row.meter[0]}/{row.meter[1]}"
        values["bpm"] = f"{row.bpm:g}"
        values["fermatas"] = " ".join(map(str, row.fermatas))
        writer.writerow(values.values())
    return buffer.getvalue()


def read_index(text: str) -> tuple[IndexRow, ...]:
    """Return the rows of a table that `write_index` wrote."""
    rows = []
    for line in csv.DictReader(io.StringIO(text)):
        top, bottom = line["meter"].split("/")
        rows.append(
            IndexRow(
                file=line["file"],
                title=line["title"],
                kind=line["kind"],
                key=line["key"],
                meter=(int(top), int(bottom)),
                pickup=int(line["pickup"]),
                bpm=float(line["bpm"]),
                bars=int(line["bars"]),
                notes=int(line["notes"]),
                split=line["split"],
                family=int(line["family"]),
                source=line["source"],
                origin=line["origin"],
                credit=line["credit"],
                official_split=line["official_split"],
                fermatas=tuple(map(int, line["fermatas"].split())),
                style=line.get("style", ""),
            )
        )
    return tuple(rows)
