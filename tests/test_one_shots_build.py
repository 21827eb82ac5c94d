"""The build of one_shots, in datasets/one_shots/: whose licence counts, which name means what, and who belongs together."""

import importlib.util
import io
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

FOLDER = Path(__file__).resolve().parents[1] / "datasets" / "one_shots"
NAME = "one_shots_build"  # datasets/folk has a build.py too

COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2016 The Maker
License: MIT

Files:
 etc/samples/a.flac
 etc/samples/b*.flac
Copyright: 2010 Ann
Source:  http://freesound.org/people/Ann/sounds/12/
License: CC0

Files: etc/samples/b2.flac
Copyright: 2011 Ben
Source: http://freesound.org/people/Ben/sounds/34/
License: CC-BY-4.0

License: CC0
 The text of the licence.
"""


@pytest.fixture(scope="module")
def build():
    spec = importlib.util.spec_from_file_location(NAME, FOLDER / "build.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    yield module
    sys.modules.pop(NAME)


def test_the_last_paragraph_that_fits_states_the_licence(build):
    claims = build.read_claims(COPYRIGHT)
    stated = {name: build.claim_of(f"etc/samples/{name}.flac", claims) for name in ("a", "b1", "b2", "c")}
    assert {name: claim.licence for name, claim in stated.items()} == {
        "a": "CC0", "b1": "CC0", "b2": "CC-BY-4.0", "c": "MIT",
    }  # fmt: skip
    assert (stated["a"].credit, stated["a"].source) == ("2010 Ann", "http://freesound.org/people/Ann/sounds/12/")


def test_two_spellings_of_a_source_are_one(build):
    [(name, address)] = build.listed_sources("* `:bd_x` - https://www.freesound.org/people/Ann/sounds/12/ gone").items()
    assert name == "bd_x"
    assert build.sound_number(address) == build.sound_number("http://freesound.org/people/Ann/sounds/12") == "12"
    assert build.sound_number("") == ""


def test_names_tell_kinds_and_stems(build):
    kinds = {
        "loop_amen": "",
        "vinyl_hiss": "",
        "elec_soft_kick": "kick",
        "elec_lo_snare": "snare",
        "elec_snare": "snare",
        "elec_pop": "electronic",
    }
    assert {name: build.kind_of(name) for name in kinds} == kinds
    stems = {
        "drum_tom_hi_hard": "drum_tom_hi", "elec_blip2": "elec_blip", "tabla_te_ne": "tabla_te", "tabla_ghe4": "tabla_ghe",
        "tabla_re": "tabla_tas", "bd_808": "bd_808",
    }  # fmt: skip
    assert {name: build.stem_of(name) for name in stems} == stems


def test_relatives_by_name_or_by_sound_are_one_family(build):
    rng = np.random.default_rng(0)
    first, second, third, fourth = rng.normal(size=(4, 4000))
    names = ["bd_a", "bd_b", "sn_a", "drum_snare_hard", "drum_snare_soft", "bd_c"]
    shifted = np.concatenate([np.zeros(50), first[:-50]]) + 0.3 * rng.normal(size=4000)
    sounds = [first, shifted, first, second, third, fourth]
    # bd_b sounds as bd_a does; sn_a does too, but is called another kind; the two strokes share a stem
    assert build.families_of(names, sounds) == [0, 0, 2, 3, 3, 5]


def test_a_sound_becomes_mono_and_loud(build):
    time = np.arange(44100) / 44100
    stereo = np.stack([0.2 * np.sin(2 * np.pi * 440 * time), 0.1 * np.sin(2 * np.pi * 440 * time)], axis=1)
    stream = io.BytesIO()
    soundfile.write(stream, stereo, 44100, format="FLAC", subtype="PCM_16")
    steps = build.convert(stream.getvalue())
    assert steps.dtype == np.int16 and len(steps) == 16000
    assert abs(np.abs(steps).max() / 32768 - 0.89) < 1e-3
    assert np.abs(np.fft.rfft(steps)).argmax() == 440


def test_a_package_is_read_and_another_one_refused(build, tmp_path, monkeypatch):
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:xz") as tar:
        entry = tarfile.TarInfo("./usr/share/doc/x")
        entry.size = 5
        tar.addfile(entry, io.BytesIO(b"hello"))

    def member(name, data):
        header = f"{name:<16}{0:<12}{0:<6}{0:<6}{644:<8}{len(data):<10}`\n".encode()
        return header + data + b"\n" * (len(data) % 2)

    path = tmp_path / "x.deb"
    path.write_bytes(b"!<arch>\n" + member("debian-binary", b"2.0\n!") + member("data.tar.xz", inner.getvalue()))
    with pytest.raises(ValueError, match=r"x\.deb: its sha256 is .*it must be 25f2312d"):
        build.read_package(path)
    monkeypatch.setattr(build, "PACKAGE_SHA256", build.sha256_of(path))
    assert build.read_package(path) == {"usr/share/doc/x": b"hello"}
