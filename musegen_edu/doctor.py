"""Look a machine over before a lesson: what is installed, what it can do, and the cure for what is not in order.

`musegen doctor` prints it; lesson 00 shows it as a table.
"""

from __future__ import annotations

import html
import math
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 13)
LITTLE_MEMORY_GIB = 3.5
A4_HZ = 440.0
TUNING_CENTS = 10.0  # less than an ear notices
_SHOWN_VERSIONS = ("tensorflow", "keras", "numpy", "jupyterlab", "anywidget", "music21", "verovio", "symusic", "librosa", "matplotlib")
_EXTENSIONS = ("anywidget", "@jupyter-widgets/jupyterlab-manager")
_REINSTALL = "install again: python3 start.py --reinstall (or: pip install -c constraints.txt -e .)"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Parameters
    ----------
    name : what was looked at.
    state : `"ok"`, `"note"` (worth knowing, works nevertheless) or `"problem"`.
    detail : what was found.
    cure : what to do; empty where nothing needs doing.
    """

    name: str
    state: str
    detail: str
    cure: str = ""

    def __str__(self) -> str:
        mark = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}[self.state]
        line = f"{mark}  {self.name:<10}  {self.detail}"
        return f"{line}\n{'':21}-> {self.cure}" if self.cure else line


@dataclass(frozen=True)
class MachineReport:
    """All findings; shows itself as a table in a notebook and as lines in a terminal."""

    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing stands in the way of the lessons."""
        return all(finding.state != "problem" for finding in self.findings)

    def __repr__(self) -> str:
        return "\n".join(map(str, self.findings))

    def _repr_html_(self) -> str:
        marks = {"ok": "✓ in order", "note": "i note", "problem": "✗ to mend"}
        rows = "".join(
            f"<tr><td style='text-align:left;white-space:nowrap'>{marks[finding.state]}</td>"
            f"<th scope='row' style='text-align:left'>{html.escape(finding.name)}</th>"
            f"<td style='text-align:left'>{html.escape(finding.detail)}"
            + (f"<br><b>What to do:</b> {html.escape(finding.cure)}" if finding.cure else "")
            + "</td></tr>"
            for finding in self.findings
        )
        verdict = "Everything is ready." if self.ok else "Something needs mending before you go on."
        return f"<table><caption style='text-align:left'>{verdict}</caption><tbody>{rows}</tbody></table>"


def check_machine() -> MachineReport:
    """Look this machine over; takes a few seconds, most of them for loading Keras.

    Returns
    -------
    A report that shows itself; its `ok` is False where something stands in the way of the lessons.

    Lesson: 00 start_here.
    """
    return MachineReport(tuple(examine()))


def examine() -> Iterator[Finding]:
    """Yield the findings one by one, as soon as each is there. Whatever breaks becomes a finding too."""
    for name, look, cure in _EXAMINATIONS:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                findings = list(look())
            except Exception as error:  # noqa: BLE001  a doctor reports whatever is broken, and goes on
                findings = [Finding(name, "problem", f"{type(error).__name__}: {error}", cure)]
        yield from findings
        for warning in caught:
            if warning.category in (UserWarning, RuntimeWarning):
                yield Finding(name, "note", str(warning.message))


def _python() -> Iterator[Finding]:
    version = f"{sys.version.split()[0]} at {sys.executable}"
    if OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        yield Finding("Python", "ok", version)
    else:
        wanted = f"{OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} to {NEWEST_PYTHON[0]}.{NEWEST_PYTHON[1]}"
        yield Finding("Python", "problem", version, f"the course needs Python {wanted}; start.py finds one that is installed")


def _packages() -> Iterator[Finding]:
    from importlib import metadata

    installed, missing = {}, []
    for name in _SHOWN_VERSIONS:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        yield Finding("packages", "problem", f"missing: {', '.join(missing)}", _REINSTALL)
    locked = _locked_versions()
    differing = [f"{name} {version} (locked: {locked[name]})" for name, version in installed.items() if locked.get(name, version) != version]
    if differing:
        yield Finding("packages", "note", f"other versions than the course was tested with: {', '.join(differing)}", _REINSTALL)
    yield Finding("packages", "ok", ", ".join(f"{name} {version}" for name, version in installed.items()))


def _locked_versions() -> dict[str, str]:
    lock = Path(__file__).resolve().parent.parent / "constraints.txt"
    if not lock.is_file():
        return {}
    lines = [line.partition(";")[0].strip() for line in lock.read_text(encoding="utf-8").splitlines()]
    return dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))


def _devices() -> Iterator[Finding]:
    from musegen_edu.devices import device_report

    report = device_report()
    yield Finding("computing", "ok", str(report))
    if not report.has_gpu:
        yield Finding("GPU", "ok", "none that Keras sees; the lessons do not need one")
    if report.memory_gib is not None and report.memory_gib < LITTLE_MEMORY_GIB:
        cure = "close other programs, and shut down notebooks that you have finished"
        yield Finding("memory", "note", f"{report.memory_gib:.1f} GiB is little for a neural network", cure)


def _folders() -> Iterator[Finding]:
    from musegen_edu.files import cache_folder, learner_folder, write_atomically

    probe = write_atomically(learner_folder() / ".doctor", "")
    probe.unlink()
    yield Finding("folders", "ok", f"your progress is kept in {learner_folder()}, what can be made again in {cache_folder()}")


def _data() -> Iterator[Finding]:
    from musegen_edu.datasets import Dataset, dataset_names, load_dataset
    from musegen_edu.soundfont import synthesis_backend

    for name in dataset_names():
        if name != "timbre":  # that one is rendered when a lesson first asks for it, which takes longer than a look
            dataset = load_dataset(name)
            noun = "pieces" if isinstance(dataset, Dataset) else "sounds"
            yield Finding("data", "ok", f"{name}: {len(dataset):,} {noun}, sha256 {dataset.sha256[:12]} as it should be")
    if synthesis_backend() == "plain tones":
        cure = "install FluidSynth for real instruments (Debian, Ubuntu: sudo apt install fluidsynth)"
        yield Finding("data", "note", "timbre: cannot be rendered with plain tones, which all sound alike", cure)


def _weights() -> Iterator[Finding]:
    from musegen_edu.files import weights_folder
    from musegen_edu.pretrained import load_pretrained, pretrained_names

    names = pretrained_names()
    if not names:
        raise FileNotFoundError(f"there is no trained model in {weights_folder()}")
    for name in names:
        model = load_pretrained(name)
        yield Finding("weights", "ok", f"{name}: {model.count_params():,} parameters, checksum as it should be")


def _sound() -> Iterator[Finding]:
    from musegen_edu.pitch import measure_pitch
    from musegen_edu.score import Score
    from musegen_edu.soundfont import soundfont_path, synthesis_backend
    from musegen_edu.synthesis import score_to_audio

    backend = synthesis_backend()
    audio = score_to_audio(Score.from_melody([69], 48), sample_rate=44100, cache=False)
    heard = measure_pitch(audio.mean(axis=0), 44100)
    cents = 1200 * math.log2(heard / A4_HZ) if heard > 0 else math.inf
    detail = f"A4 rendered with {backend} and {soundfont_path().name} sounds at {heard:.1f} Hz ({cents:+.1f} cents)"
    if abs(cents) > TUNING_CENTS:
        yield Finding("sound", "problem", detail, "unset MUSEGEN_SOUNDFONT if you have set it; else " + _REINSTALL)
    elif backend == "plain tones":
        cure = "install FluidSynth for real instruments (Debian, Ubuntu: sudo apt install fluidsynth)"
        yield Finding("sound", "note", detail + "; these are sine waves without drums", cure)
    else:
        yield Finding("sound", "ok", detail)


def _notation() -> Iterator[Finding]:
    from musegen_edu.notation import engrave
    from musegen_edu.score import Score

    engraving = engrave(Score.from_melody([60, 62, 64, 65], 24, key="C major"))
    if len(engraving.note_ids) != 4 or "<svg" not in engraving.svg[0]:
        raise ValueError(f"four notes were engraved, {len(engraving.note_ids)} came back")
    yield Finding("notation", "ok", "four notes engraved, four found in the picture")


def _widgets() -> Iterator[Finding]:
    folders = [Path(sys.prefix) / "share/jupyter/labextensions", Path.home() / ".local/share/jupyter/labextensions"]
    missing = [name for name in _EXTENSIONS if not any((folder / name).is_dir() for folder in folders)]
    if missing:
        detail = f"JupyterLab lacks the browser side of {', '.join(missing)}"
        yield Finding("widgets", "problem", detail, _REINSTALL + ", then close and reopen JupyterLab")
    from musegen_edu.score import Score
    from musegen_edu.widgets.player import Player

    class OfflinePlayer(Player):  # in a notebook a page would be told of it, and could not open what is closed at once
        def open(self) -> None:
            """Open no line to a page."""

    player = OfflinePlayer(Score.from_melody([69], 24))
    answers: list[tuple[dict[str, object], list[bytes]]] = []
    player.send = lambda content, buffers=None: answers.append((content, list(buffers or [])))
    # What the page sends when somebody presses play for the first time.
    request = {"id": "doctor", "kind": "anywidget-command", "name": "note_pack", "msg": {"program": 0}}
    player._handle_custom_msg(request, [])
    player.close()
    content, samples = answers[0] if answers else ({}, [])
    response = content.get("response", {})
    if not isinstance(response, dict) or "error" in response or not samples or content.get("id") != "doctor":
        raise RuntimeError(f"the player's answer to the page was {response or 'nothing'}")
    size = sum(map(len, samples)) // 1000
    yield Finding("widgets", "ok", f"the player answered the page with {len(samples)} samples of a piano ({size} KB)")


def _notebooks() -> Iterator[Finding]:
    home = Path(__file__).resolve().parent.parent / "notebooks"
    if not (home / "src").is_dir():
        yield Finding("notebooks", "note", "not here: this is an installation without the lessons", "clone the course to work through them")
        return
    from musegen_edu.authoring import build_notebooks

    try:
        report = build_notebooks(home, check=True)
    except ModuleNotFoundError:
        n_lessons = len(list((home / "src").glob("[0-9]*.py")))
        yield Finding("notebooks", "ok", f"{n_lessons} lessons (their sources are compared only with the dev extra)")
        return
    changed = [lesson.slug for lesson in report.lessons if lesson.problems]
    if changed:
        detail = f"{', '.join(changed)}: other than the source in notebooks/src (as they are once you work in them)"
        yield Finding("notebooks", "note", detail, "nothing, unless you write lessons: then musegen build notebooks")
    else:
        yield Finding("notebooks", "ok", f"{len(report.lessons)} lessons, all as their sources")


_EXAMINATIONS: tuple[tuple[str, Callable[[], Iterator[Finding]], str], ...] = (
    ("Python", _python, _REINSTALL),
    ("packages", _packages, _REINSTALL),
    ("computing", _devices, _REINSTALL),
    ("folders", _folders, "set MUSEGEN_HOME and MUSEGEN_CACHE to folders that you may write to"),
    ("data", _data, "get it again: git checkout -- datasets (in a clone), or " + _REINSTALL),
    ("weights", _weights, "get them again: git checkout -- musegen_edu/weights (in a clone), or " + _REINSTALL),
    ("sound", _sound, "unset MUSEGEN_SOUNDFONT if you have set it; else " + _REINSTALL),
    ("notation", _notation, _REINSTALL),
    ("widgets", _widgets, _REINSTALL),
    ("notebooks", _notebooks, "git checkout -- notebooks (this throws your own changes there away)"),
)
