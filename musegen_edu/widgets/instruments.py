"""The names of General MIDI's instruments, in families of eight, as the player's menu shows them."""

from __future__ import annotations

from musegen_edu.score import DRUMS

_NAMES = {
    "Piano": "Grand Piano|Bright Piano|Electric Grand|Honky-tonk Piano|Electric Piano 1|Electric Piano 2|Harpsichord|Clavinet",
    "Chromatic percussion": "Celesta|Glockenspiel|Music Box|Vibraphone|Marimba|Xylophone|Tubular Bells|Dulcimer",
    "Organ": "Drawbar Organ|Percussive Organ|Rock Organ|Church Organ|Reed Organ|Accordion|Harmonica|Bandoneon",
    "Guitar": "Nylon Guitar|Steel Guitar|Jazz Guitar|Clean Guitar|Muted Guitar|Overdriven Guitar|Distorted Guitar|Guitar Harmonics",
    "Bass": "Acoustic Bass|Fingered Bass|Picked Bass|Fretless Bass|Slap Bass 1|Slap Bass 2|Synth Bass 1|Synth Bass 2",
    "Strings": "Violin|Viola|Cello|Contrabass|Tremolo Strings|Pizzicato Strings|Harp|Timpani",
    "Ensemble": "String Ensemble|Slow Strings|Synth Strings 1|Synth Strings 2|Choir Aahs|Voice Oohs|Synth Voice|Orchestra Hit",
    "Brass": "Trumpet|Trombone|Tuba|Muted Trumpet|French Horn|Brass Section|Synth Brass 1|Synth Brass 2",
    "Reed": "Soprano Sax|Alto Sax|Tenor Sax|Baritone Sax|Oboe|English Horn|Bassoon|Clarinet",
    "Pipe": "Piccolo|Flute|Recorder|Pan Flute|Blown Bottle|Shakuhachi|Whistle|Ocarina",
    "Synth lead": "Square Lead|Sawtooth Lead|Calliope Lead|Chiff Lead|Charang Lead|Voice Lead|Fifths Lead|Bass and Lead",
    "Synth pad": "New Age Pad|Warm Pad|Polysynth Pad|Choir Pad|Bowed Pad|Metallic Pad|Halo Pad|Sweep Pad",
    "Synth effects": "Rain|Soundtrack|Crystal|Atmosphere|Brightness|Goblins|Echoes|Science Fiction",
    "Plucked": "Sitar|Banjo|Shamisen|Koto|Kalimba|Bagpipe|Fiddle|Shanai",
    "Percussive": "Tinkle Bell|Agogo|Steel Drums|Woodblock|Taiko Drum|Melodic Tom|Synth Drum|Reverse Cymbal",
    "Sound effects": "Fret Noise|Breath Noise|Seashore|Bird Tweet|Telephone|Helicopter|Applause|Gunshot",
}

FAMILIES: tuple[str, ...] = tuple(_NAMES)  # 16 families, programs 8 i to 8 i + 7 each
INSTRUMENTS: tuple[str, ...] = (*"|".join(_NAMES.values()).split("|"), "Drum Kit")  # index: program; the last is DRUMS


def instrument_name(program: int) -> str:
    """Return the name of a General MIDI program, or of the drum kit.

    Raises
    ------
    ValueError
        If `program` is not 0 to 127 or `DRUMS` (128).

    Examples
    --------
    >>> instrument_name(40)
    'Violin'
    """
    if not 0 <= program <= DRUMS:
        raise ValueError(f"program={program!r} must be a General MIDI program from 0 to 127, or {DRUMS} for drums")
    return INSTRUMENTS[program]
