"""Build one_shots.zip from Debian's package sonic-pi-samples.

    apt-get download sonic-pi-samples        or fetch PACKAGE_URL with a browser (22 MB)
    python datasets/one_shots/build.py sonic-pi-samples_3.2.2~repack-8_all.deb

Of each recording the licence is read from the package's copyright file and its source from there and from the list of the authors of
Sonic Pi; a file that Debian does not mark CC0, or whose two sources differ, is left out. The result is the same, byte for byte,
wherever libsndfile and soxr are the same. README.md tells what is in it.
"""  # fmt: skip

from __future__ import annotations

import argparse
import fnmatch
import io
import re
import tarfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from musegen_edu.audio_datasets import ONE_SHOT_RATE, ONE_SHOT_SAMPLES, OneShotRow, write_one_shots
from musegen_edu.families import split_by_family
from musegen_edu.files import sha256_of

HERE = Path(__file__).resolve().parent
PACKAGE_URL = "https://deb.debian.org/debian/pool/main/s/sonic-pi/sonic-pi-samples_3.2.2~repack-8_all.deb"
PACKAGE_SHA256 = "25f2312d2fae005e6ad0f4726b8ed3084e776006a5a132083506e960224ac79d"
COPYRIGHT = "usr/share/doc/sonic-pi-samples/copyright"
SAMPLES = "usr/share/sonic-pi/samples/"
MAX_SECONDS = 2.0
PEAK = 0.89
ALIKE = 0.6  # correlation of two waveforms from which they count as one sound
SEED = 2013  # the year from which most of the recordings are
KINDS = {  # pattern of the name, without .flac -> kind; the first that fits
    "loop_*": "",  # a passage, and no single sound
    "vinyl_*": "",  # somebody's record can be heard, which those who recorded it could not give away
    "bd_*": "kick",
    "drum_bass_*": "kick",
    "drum_heavy_kick": "kick",
    "elec_*_kick": "kick",
    "sn_*": "snare",
    "drum_snare_*": "snare",
    "elec_snare": "snare",
    "elec_*_snare": "snare",
    "drum_tom_*": "tom",
    "elec_fuzz_tom": "tom",
    "drum_cymbal_*": "cymbal",
    "drum_splash_*": "cymbal",
    "elec_cymbal": "cymbal",
    "tabla_*": "tabla",
    "bass_*": "bass",
    "elec_*": "electronic",
    "drum_cowbell": "percussion",
    "perc_*": "percussion",
    "ambi_*": "other",
    "misc_*": "other",
}


@dataclass(frozen=True)
class Claim:
    """What a paragraph of Debian's copyright file says of the files that it names."""

    patterns: tuple[str, ...]
    credit: str
    source: str
    licence: str


def read_package(path: Path) -> dict[str, bytes]:
    """The files inside a .deb: an `ar` archive with a tar file in it."""
    data = path.read_bytes()
    if sha256_of(data) != PACKAGE_SHA256:
        raise ValueError(f"{path}: its sha256 is {sha256_of(data)}; it must be {PACKAGE_SHA256} (from {PACKAGE_URL})")
    at = len(b"!<arch>\n")
    while at < len(data):
        name, size = data[at : at + 16].decode().strip(), int(data[at + 48 : at + 58])
        if name.startswith("data.tar"):
            with tarfile.open(fileobj=io.BytesIO(data[at + 60 : at + 60 + size])) as tar:
                members = [
                    (member.name.removeprefix("./"), tar.extractfile(member)) for member in tar if member.isfile()
                ]
                return {name: stream.read() for name, stream in members if stream is not None}
        at += 60 + size + size % 2
    raise ValueError(f"{path} holds no data.tar")


def read_claims(text: str) -> list[Claim]:
    """The paragraphs with a `Files:` field (Debian's machine-readable copyright format 1.0)."""
    claims = []
    for paragraph in re.split(r"\n[ \t]*\n", text):
        fields = dict(re.findall(r"(?m)^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t].*)*)", paragraph))
        if "Files" in fields:
            claims.append(
                Claim(
                    patterns=tuple(fields["Files"].split()),
                    credit=fields.get("Copyright", "").strip(),
                    source=fields.get("Source", "").strip(),
                    licence=fields.get("License", "").split("\n")[0].strip(),
                )
            )
    return claims


def claim_of(name: str, claims: list[Claim]) -> Claim:
    """The paragraph that counts for a file: the last one that fits, as the format has it."""
    return [claim for claim in claims if any(fnmatch.fnmatchcase(name, pattern) for pattern in claim.patterns)][-1]


def sound_number(address: str) -> str:
    """The number that freesound.org gave a recording, which is what two spellings of an address share."""
    found = re.search(r"sounds/(\d+)", address)
    return found[1] if found else ""


def listed_sources(text: str) -> dict[str, str]:
    """Sonic Pi's own list: name of the sample -> address."""
    return dict(re.findall(r"`:(\w+)`\s*-\s*(\S+)", text))


def kind_of(name: str) -> str:
    """The kind that a name tells, "" where the recording is to be left out."""
    return next(kind for pattern, kind in KINDS.items() if fnmatch.fnmatchcase(name, pattern))


def stem_of(name: str) -> str:
    """What variants of one sound have in common: the name without "hard", "soft" or one last digit; the stroke of a tabla."""
    if name.startswith("tabla_"):
        stroke = re.sub(r"\d+$", "", name.split("_")[1])
        return "tabla_tas" if stroke == "re" else f"tabla_{stroke}"  # Debian gives re and tas1 the same source
    return re.sub(r"(_hard|_soft|(?<!\d)\d)$", "", name)


def families_of(names: list[str], sounds: list[np.ndarray]) -> list[int]:
    """The number of each recording's family: a common stem, or one kind and waveforms that are much alike, joins two of them."""
    leader = list(range(len(names)))
    spectra = [np.fft.rfft(sound / np.linalg.norm(sound), 2 * ONE_SHOT_SAMPLES) for sound in sounds]
    for second, name in enumerate(names):
        for first in range(second):
            alike = stem_of(names[first]) == stem_of(name)
            if not alike and kind_of(names[first]) == kind_of(name):
                correlation = np.fft.irfft(spectra[first].conj() * spectra[second])  # at every shift
                alike = bool(np.abs(correlation).max() > ALIKE)
            if alike:
                old, new = sorted((leader[first], leader[second]), reverse=True)
                leader = [new if number == old else number for number in leader]
    return leader


def convert(flac: bytes) -> np.ndarray:
    """Mono, 16 kHz, the loudest sample at 0.89, 16 bits: (samples,) int16."""
    sound, sample_rate = soundfile.read(io.BytesIO(flac), dtype="float64", always_2d=True)  # (samples, channels)
    mono = soxr.resample(sound.mean(axis=1), sample_rate, ONE_SHOT_RATE, quality="VHQ")[:ONE_SHOT_SAMPLES]
    return np.rint(mono * (PEAK * 32768 / np.abs(mono).max())).astype(np.int16)


def build(package: Path) -> None:
    """Read the package, choose, convert, split, write the zip and print the counts that README.md quotes."""
    files = read_package(package)
    claims = read_claims(files[COPYRIGHT].decode("utf-8"))
    listed = listed_sources(files[SAMPLES + "README.md"].decode("utf-8"))
    chosen: list[tuple[str, Claim]] = []
    left_out: dict[str, list[str]] = {}
    for path in sorted(path for path in files if path.startswith(SAMPLES) and path.endswith(".flac")):
        name = path.removeprefix(SAMPLES).removesuffix(".flac")
        claim = claim_of(f"etc/samples/{name}.flac", claims)
        facts = soundfile.info(io.BytesIO(files[path]))
        if claim.licence != "CC0":
            reason = f"not marked CC0 ({claim.licence})"
        elif facts.frames >= MAX_SECONDS * facts.samplerate:
            reason = "two seconds or longer"
        elif sound_number(claim.source) != sound_number(listed.get(name, "")):
            reason = f"two sources: {claim.source} (Debian), {listed.get(name, 'none')} (Sonic Pi)"
        elif not kind_of(name):
            reason = f"{name.split('_')[0]}: see KINDS"
        else:
            chosen.append((name, claim))
            continue
        left_out.setdefault(reason, []).append(name)
    sounds = [convert(files[f"{SAMPLES}{name}.flac"]) for name, _ in chosen]
    families = families_of([name for name, _ in chosen], sounds)
    sides: dict[str, str] = {}
    for kind in sorted(set(KINDS.values()) - {""}):  # each kind by itself, so that none is missing on a side
        mine = [place for place, (name, _) in enumerate(chosen) if kind_of(name) == kind]
        share = round(len(mine) / 4) / len(mine)  # whole recordings: a quarter to judge by, a quarter to choose by
        split = split_by_family([families[place] for place in mine], seed=SEED, valid_share=share, test_share=share)
        sides |= {chosen[place][0]: side for place, side in zip(mine, split, strict=True)}
    rows, flacs = [], []
    for (name, claim), steps, family in zip(chosen, sounds, families, strict=True):
        origin = files[f"{SAMPLES}{name}.flac"]
        stream = io.BytesIO()
        soundfile.write(stream, steps, ONE_SHOT_RATE, format="FLAC", subtype="PCM_16")
        flacs.append(stream.getvalue())
        rows.append(
            OneShotRow(
                file=f"{name}.flac",
                kind=kind_of(name),
                split=sides[name],
                family=family,
                seconds=len(steps) / ONE_SHOT_RATE,
                credit=claim.credit,
                source=claim.source,
                licence=claim.licence,
                origin=f"{name}.flac",
                origin_sha256=sha256_of(origin),
            )
        )
    digest = write_one_shots(HERE / "one_shots.zip", rows, flacs)
    size = (HERE / "one_shots.zip").stat().st_size
    print(f"one_shots.zip: {len(rows)} recordings, {size / 1e6:.2f} MB, sha256 {digest}")
    for kind, count in Counter(row.kind for row in rows).most_common():
        print(
            f"{kind:11} {count:3}",
            len({row.family for row in rows if row.kind == kind}),
            Counter(row.split for row in rows if row.kind == kind),
        )
    print("all", Counter(row.split for row in rows), f"{sum(row.seconds for row in rows):.1f} s")
    for reason, names in left_out.items():
        print(f"{len(names):3}  {reason}: {' '.join(names)}")
    print("credit:", Counter(row.credit.split(" ", 1)[1] for row in rows).most_common())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="the .deb file")
    build(parser.parse_args().package)
