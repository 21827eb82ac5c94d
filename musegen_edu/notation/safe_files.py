"""Files of notation from strangers, opened safely.

Entities and references to other files are refused, and a compressed file may not unfold to more than `MOST_BYTES`.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

MOST_BYTES = 64 * 1024 * 1024
GET_ANOTHER = "export it again from the program that made it, or get another copy"


def unpack_mxl(data: bytes, name: str) -> bytes:
    """Return the MusicXML inside a compressed file (`.mxl`), refusing one that would unfold to more than 64 MB.

    Raises
    ------
    ValueError
        If the file is damaged, holds no score, or is too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            inside = None
            if "META-INF/container.xml" in names:
                container = parse_xml(_unpack(archive, "META-INF/container.xml", name), name)
                inside = next((e.get("full-path") for e in container.iter() if tag(e) == "rootfile"), None)
            if inside is None or inside not in names:
                inside = next((n for n in names if n.endswith((".xml", ".musicxml")) and "META-INF" not in n), None)
            if inside is None:
                raise ValueError(f"{name} holds no MusicXML file; {GET_ANOTHER}")
            return _unpack(archive, inside, name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"{name} is a damaged compressed file ({error}); {GET_ANOTHER}") from None


def _unpack(archive: zipfile.ZipFile, inside: str, name: str) -> bytes:
    with archive.open(inside) as stream:
        data = stream.read(MOST_BYTES + 1)  # the size that the archive states may be a lie
    if len(data) > MOST_BYTES:
        raise ValueError(
            f"{name} unfolds to more than {MOST_BYTES // 2**20} MB, which no score needs; it may be a zip bomb. Do not use it"
        )
    return data


def parse_xml(data: bytes, name: str) -> Element:
    """Return the root of an XML document that declares no entities and refers to no other file.

    Raises
    ------
    ValueError
        If it is empty, too large, unsafe or not well-formed.
    """
    if not data.strip():
        raise ValueError(f"{name} is empty ({len(data)} bytes); {GET_ANOTHER}")
    if len(data) > MOST_BYTES:
        raise ValueError(
            f"{name} has {len(data) // 2**20} MB; at most {MOST_BYTES // 2**20} MB are read. Take a part of it"
        )
    try:
        root: Element = defusedxml.ElementTree.fromstring(data, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as error:
        raise ValueError(
            f"{name} is unsafe to read: it declares entities or refers to other files ({type(error).__name__}). "
            "Do not trust it, or export it again from a notation program"
        ) from None
    except (ParseError, LookupError, ValueError) as error:
        raise ValueError(f"{name} is not well-formed XML ({error}); give a .musicxml file, or {GET_ANOTHER}") from None
    return root


def tag(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2]
