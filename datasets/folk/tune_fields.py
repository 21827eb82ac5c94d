"""What the header fields of an ABC tune say: title, kind, tempo, and whom to thank."""

from __future__ import annotations

import re
from fractions import Fraction

from abc_reader import Tune  # beside this file

# Tempo where the transcriber gives none: beats a minute. The beat is a dotted quarter in 6/8, 9/8 and 12/8, a half note in 4/4
# and 2/2, a quarter note elsewhere.
BEATS_A_MINUTE = {
    "reel": 100, "hornpipe": 80, "clog": 72, "strathspey": 60, "highland fling": 66, "jig": 112, "slip jig": 108, "slide": 120,
    "march": 96, "quickstep": 104, "waltz": 132, "minuet": 116, "polka": 116, "cotillion": 100, "air": 56, "walkaround": 92,
    "gavotte": 72, "allemande": 88, "country dance": 100,
}  # fmt: skip
BEATS_A_MINUTE_OTHERWISE = 84
TEMPO_WORDS = {  # words printed over the tune -> share of the ordinary tempo
    r"very slow": 0.6, r"slow": 0.7, r"tender|feeling|expression|plaintive|mournful": 0.75, r"moderate": 0.85,
}  # fmt: skip
KINDS = {  # in a title or an R: field; the first that fits
    r"strathspe?y": "strathspey", r"highland fling|\bfling": "highland fling", r"slip ?jig|hop jig": "slip jig",
    r"hornpipe": "hornpipe", r"\breels?\b": "reel", r"\bjigg?s?\b|\bgigg?a?\b": "jig", r"\bclog\b": "clog",
    r"quick ?-?step": "quickstep", r"\bmarch": "march", r"\bminuet": "minuet", r"\bwaltze?\b": "waltz", r"\bpolka": "polka",
    r"cotill": "cotillion", r"gavott?e?": "gavotte", r"allemand": "allemande", r"walk ?-?around": "walkaround",
    r"\bslide\b": "slide", r"country dance": "country dance", r"\bairs?\b": "air",
}  # fmt: skip
TRANSCRIBERS = {  # pattern in a Z: field -> who is thanked; other Z: lines are editors' notes and are dropped
    r"Ray Davies": "Ray Davies", r"Chambers": "John Chambers", r"Puckette": "Bob Puckette", r"Walsh": "John B. Walsh",
    r"Ivan Bradley": "Ivan Bradley", r"Safranek": "Bob Safranek", r"de Grae": "Paul de Grae", r"Campin": "Jack Campin",
    r"norbeck": "Henrik Norbeck", r"Trish s?O'Nei": "Trish O'Neil", r"Dan G\. Petersen": "Dan G. Petersen",
    r"Michael Hogan": "Michael Hogan", r"Stephen Foy": "Stephen Foy", r"Michael D\. Long": "Michael D. Long",
    r"Tom Keays": "Tom Keays", r"Chris Falt": "Chris Falt", r"Wooldridge": "Dave Wooldridge", r"McEwen": "Colin McEwen",
    r"Norbert Paap": "Norbert Paap", r"Robert Thorpe": "Robert Thorpe", r"LEE WORMAN": "A. Lee Worman",
    r"Terhorst": "Nick Terhorst", r"Ted Hastings": "Ted Hastings", r"mvhplank": "mvhplank", r"Nordberg": "Frank Nordberg",
}  # fmt: skip


def read_title(tune: Tune) -> str:
    """The first title, with the article in front, capitals only where a word begins, and without the marks of the trade."""
    title = tune.fields.get("T", [""])[0]
    title = re.sub(r"\\['`^\"~]", "", title).replace("=0D", "").replace("=", "-")  # TeX accents; a mailer's line ends
    title = re.sub(r"(?<=at):+", "", title)  # "Gladiat:or": a filter against mail addresses went over some of the files
    name, _, kind = (re.sub(r"\s+", " ", part).strip().rstrip(".,;: ") for part in title.partition(" -- "))
    if match := re.fullmatch(r"(.*?)\.?,\s*(The|A|An)\b\.?(.*)", name + " -- " + kind, re.IGNORECASE):
        name, _, kind = f"{match[2]} {match[1]}{match[3]}".partition(" -- ")  # "Hags, The" -> "The Hags"
    name, kind = (_calm(part.strip()) for part in (name, kind))
    return f"{name} {kind[:1].upper()}{kind[1:]}".strip() or "Untitled"


def _calm(text: str) -> str:
    if not text.isupper() or len(text) < 3:
        return text
    text = re.sub(r"[A-Z][A-Z']*", lambda word: word[0].capitalize(), text)
    return re.sub(r"(?<=\w )(?:And|In|Of|On|The|To|A|For|From|With)\b", lambda word: word[0].lower(), text)


def read_kind(tune: Tune) -> str:
    """The kind of tune that the title names, or else the R: field, or else nothing. A jig in 9/8 is a slip jig."""
    for text in (tune.fields.get("T", [""])[0], " ".join(tune.fields.get("R", []))):
        for pattern, kind in KINDS.items():
            if re.search(pattern, text, re.IGNORECASE):
                return "slip jig" if kind == "jig" and tune.meter == (9, 8) else kind
    return ""


def read_bpm(tune: Tune, kind: str) -> float:
    """Quarter notes a minute: the Q: field where it names its beat, or else what is usual for the kind of tune."""
    for text in tune.fields.get("Q", []):
        if match := re.search(r"(\d+)/(\d+)\s*=\s*(\d+)", text):
            bpm = float(Fraction(4 * int(match[1]) * int(match[3]), int(match[2])))
            if 30 <= bpm <= 300:
                return round(bpm, 1)
    words = " ".join(tune.fields.get("N", []) + tune.fields.get("Q", []))
    share = next(
        (share for word, share in TEMPO_WORDS.items() if re.search(rf"\b(?:{word})", words, re.IGNORECASE)), 1.0
    )
    top, bottom = tune.meter
    beat = 1.5 if bottom == 8 else 2.0 if (top, bottom) in {(4, 4), (2, 2)} else 1.0  # quarters
    return float(round(BEATS_A_MINUTE.get(kind, BEATS_A_MINUTE_OTHERWISE) * beat * share))


def read_credit(tune: Tune) -> str:
    """Those who typed the tune, from its Z: fields (a few stand in N: fields)."""
    text = "\n".join(
        tune.fields.get("Z", []) + [line for line in tune.fields.get("N", []) if line.startswith("Contributed")]
    )
    names = [name for pattern, name in TRANSCRIBERS.items() if re.search(pattern, text, re.IGNORECASE)]
    return "; ".join(names) or "transcriber not named"
