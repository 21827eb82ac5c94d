"""`musegen`, mostly within this process: loading Keras anew for each command would take the tests minutes."""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import wave
from pathlib import Path

import pytest

from musegen_edu import __version__, doctor, lab
from musegen_edu.cli import main
from musegen_edu.doctor import Finding, MachineReport, check_machine, examine
from musegen_edu.lab import lab_command

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ("lab", "doctor", "compose", "train", "build")


@pytest.fixture
def taken_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


# ---- help ----


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    said = capsys.readouterr().out
    assert end.value.code == 0
    assert f"examples:\n  musegen {command}" in said


def test_help_lists_every_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert all(re.search(rf"^    {command} ", said, re.MULTILINE) for command in COMMANDS)


def test_version(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"musegen {__version__}\n"


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom musegen_edu.cli import main\n"
        "try:\n    main(['compose', '--help'])\nexcept SystemExit:\n    pass\n"
        "print({'numpy', 'keras', 'tensorflow', 'music21', 'jupyterlab', 'anywidget'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (0, "set()")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["sing"], "invalid choice: 'sing'"),
        (["compose", "--meter", "waltz"], "'waltz' is no meter; write it like 3/4 or 6/8"),
        (["compose", "--bars", "many"], "invalid int value: 'many'"),
        (["train"], "required: NAME"),
        (["train", "melody_lstm", "--profile", "huge"], "invalid choice: 'huge'"),
    ],
)
def test_a_wrong_command_line_is_explained(arguments, message, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert message in capsys.readouterr().err


# ---- compose ----


def test_compose_writes_four_files_of_the_same_tune(tmp_path, capsys):
    from musegen_edu import read_midi, read_musicxml

    out = tmp_path / "my tunes"
    assert main(["compose", "--bars", "4", "--seed", "7", "--key", "D major", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    stem = out / "melody_lstm-7"
    assert sorted(path.name for path in out.iterdir()) == [
        f"melody_lstm-7{suffix}" for suffix in (".mid", ".musicxml", ".svg", ".wav")
    ]
    tune = read_midi(stem.with_suffix(".mid"))
    assert (tune.n_bars, tune.key, tune.meter) == (4, "D major", (4, 4))
    written = read_musicxml(stem.with_suffix(".musicxml"))
    assert [tuple(note) for note in written.notes[["onset", "duration", "pitch"]]] == [
        tuple(note) for note in tune.notes[["onset", "duration", "pitch"]]
    ]
    with wave.open(str(stem.with_suffix(".wav"))) as sound:
        assert (sound.getnchannels(), sound.getframerate()) == (2, 44100)
        assert sound.getnframes() >= tune.seconds * 44100
    assert stem.with_suffix(".svg").read_text(encoding="utf-8").lstrip().startswith("<svg")
    assert "4 bars in D major, seed 7" in said

    again = tmp_path / "again"
    assert main(["compose", "--bars", "4", "--seed", "7", "--key", "D major", "--out", str(again)]) == 0
    assert (again / "melody_lstm-7.mid").read_bytes() == stem.with_suffix(".mid").read_bytes()


def test_a_seed_that_was_drawn_is_said(tmp_path, capsys):
    assert main(["compose", "--bars", "2", "--out", str(tmp_path)]) == 0
    (file,) = tmp_path.glob("*.mid")
    assert f"seed {file.stem.removeprefix('melody_lstm-')}:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--key", "H major"], "key='H major'"),
        (["--bars", "0"], "bars=0 must be from 1"),
        (["--seed", "-1"], "seed=-1"),
        (["--temperature", "-2"], "-2"),
        (["--model", "nobody"], "nobody.json is missing (models there: band_accompanist, band_gan, "),
        (["--model", "chorale_lstm"], "writes four voices; compose_chorale composes with it"),
    ],
)
def test_compose_refuses_what_it_cannot_do_and_writes_nothing(arguments, message, tmp_path, capsys):
    assert main(["compose", "--seed", "1", "--out", str(tmp_path), *arguments]) == 1
    said = capsys.readouterr().err
    assert said.startswith("musegen compose: ")
    assert message in said
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_said_before_the_model_loads(tmp_path, capsys, monkeypatch):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    monkeypatch.setitem(sys.modules, "musegen_edu.composing", None)  # loading it would fail
    assert main(["compose", "--out", str(in_the_way / "tunes")]) == 1
    said = capsys.readouterr().err
    assert f"cannot write into {in_the_way / 'tunes'}" in said and "--out" in said


def test_tampered_weights_are_refused(tmp_path, capsys, monkeypatch):
    from musegen_edu.files import weights_folder

    for path in weights_folder().glob("melody_lstm.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes()[: -100 if path.suffix == ".npz" else None])
    monkeypatch.setenv("MUSEGEN_WEIGHTS", str(tmp_path))
    assert main(["compose", "--seed", "1", "--out", str(tmp_path / "out")]) == 1
    assert "melody_lstm.npz is cut or changed" in capsys.readouterr().err


# ---- Ctrl-C, missing packages, our own faults ----


def test_ctrl_c_says_so_and_what_is_kept(monkeypatch, capsys):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("musegen_edu.training"), "train", interrupted)
    assert main(["train", "melody_lstm"]) == 130
    said = capsys.readouterr().err
    assert "musegen train: stopped." in said and "goes on from there" in said


def test_a_missing_package_names_the_cure(monkeypatch, capsys):
    def missing(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'jupytext'", name="jupytext")

    monkeypatch.setattr(importlib.import_module("musegen_edu.authoring"), "build_notebooks", missing)
    assert main(["build", "notebooks", "--check"]) == 1
    said = capsys.readouterr().err
    assert "jupytext is missing" in said and "[dev]" in said


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(importlib.import_module("musegen_edu.training"), "train", broken)
    with pytest.raises(ZeroDivisionError):
        main(["train", "melody_lstm"])


# ---- train and build ----


def test_train_passes_its_options_on(monkeypatch, tmp_path, capsys):
    calls = []

    def train(*arguments: object, **options: object) -> Path:
        calls.append((arguments, options))
        return tmp_path / "melody_lstm.json"

    monkeypatch.setattr(importlib.import_module("musegen_edu.training"), "train", train)
    assert main(["train", "melody_lstm", "--profile", "full", "--seed", "3", "--out", str(tmp_path)]) == 0
    assert calls == [(("melody_lstm", "full"), {"folder": tmp_path, "seed": 3})]
    assert capsys.readouterr().out == f"{tmp_path / 'melody_lstm.json'}\n"


def test_train_knows_its_models(capsys):
    assert main(["train", "orchestra"]) == 1
    assert "name='orchestra'" in capsys.readouterr().err


def test_build_says_which_lessons_there_are(capsys):
    assert main(["build", "notebooks", "--check", "--only", "99"]) == 1
    assert "only='99' is no lesson; the lessons are 00_start_here" in capsys.readouterr().err


def test_build_reports_a_stale_notebook(tmp_path, monkeypatch, capsys):
    for name in (
        "notebooks/src/00_start_here.py",
        "notebooks/00_start_here.ipynb",
        "notebooks/solutions/00_start_here.ipynb",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    assert main(["build", "notebooks", "--check"]) == 0
    source = tmp_path / "notebooks/src/00_start_here.py"
    source.write_text(source.read_text(encoding="utf-8").replace("# # 00", "# # 00 (new)"), encoding="utf-8")
    assert main(["build", "notebooks", "--check"]) == 1
    assert "00_start_here: 2 to look at" in capsys.readouterr().out


# ---- lab ----


def test_lab_listens_here_only_and_keeps_its_token_off_the_command_line():
    arguments, environment, address = lab_command(browser=False)
    token = environment["JUPYTER_TOKEN"]
    assert "--ServerApp.ip=127.0.0.1" in arguments and "--no-browser" in arguments
    assert len(token) >= 32 and address.endswith(f"?token={token}")
    assert not any(token in argument for argument in arguments)
    assert lab_command()[1]["JUPYTER_TOKEN"] != token


def test_lab_asks_for_no_news(monkeypatch):
    from jupyterlab_server.config import get_page_config

    monkeypatch.setenv("JUPYTER_CONFIG_PATH", lab_command()[1]["JUPYTER_CONFIG_PATH"])
    jupyter_core = importlib.import_module("jupyter_core.paths")
    assert (
        "@jupyterlab/apputils-extension:announcements"
        in get_page_config(jupyter_core.jupyter_config_path())["disabledExtensions"]
    )


def test_a_port_in_use_is_said(taken_port, capsys):
    assert main(["lab", "--port", str(taken_port)]) == 1
    said = capsys.readouterr().err
    assert f"port={taken_port} is in use" in said and "leave out --port" in said


def test_without_a_port_the_next_free_one_is_taken(taken_port, monkeypatch):
    monkeypatch.setattr(lab, "FIRST_PORT", taken_port)
    monkeypatch.setattr(lab, "LAST_PORT", min(taken_port + 50, 65535))
    (port,) = [text for text in lab_command()[0] if "ServerApp.port=" in text]
    assert int(port.partition("=")[2]) > taken_port
    monkeypatch.setattr(lab, "LAST_PORT", taken_port)
    with pytest.raises(ValueError, match=f"{taken_port} to {taken_port} are all in use"):
        lab_command()


@pytest.mark.parametrize("port", [0, 80, 70000])
def test_an_absurd_port_is_refused(port, capsys):
    assert main(["lab", "--port", str(port)]) == 1
    assert f"port={port} must be from 1024 to 65535" in capsys.readouterr().err


def test_lab_says_where_to_go_without_lessons(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lab, "_PACKAGE", tmp_path / "musegen_edu")
    assert main(["lab"]) == 1
    assert "Go to the folder that you cloned the course into" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_lab_opens_asks_for_its_token_and_closes_at_ctrl_c(tmp_path, ctrl_c):
    private = {
        name: str(tmp_path / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    }
    command = [sys.executable, "-m", "musegen_edu.cli", "lab", "--no-browser"]
    errors = tmp_path / "stderr"
    with errors.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **private},
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            # a shell script's background jobs have SIGINT switched off, and hand that on
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
    try:
        assert process.stdout is not None
        address = next(line.strip() for line in process.stdout if "http://" in line)
        found = re.fullmatch(r"(http://127\.0\.0\.1:\d+)/lab/tree/notebooks/00_start_here\.ipynb\?token=(.+)", address)
        assert found is not None, address
        base, token = found.groups()
        deadline = time.monotonic() + 180
        while True:
            try:
                with urllib.request.urlopen(
                    f"{base}/api/contents/notebooks/00_start_here.ipynb?content=0&token={token}", timeout=5
                ) as answer:
                    assert json.load(answer)["type"] == "notebook"
                break
            except urllib.error.HTTPError:
                raise
            except OSError:
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.2)
        with pytest.raises(urllib.error.HTTPError, match="403") as refused:
            urllib.request.urlopen(f"{base}/api/contents", timeout=60)
        refused.value.close()
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=180)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0
    assert "The course is closed." in rest
    assert "Traceback" not in errors.read_text(encoding="utf-8")


# ---- doctor ----


def test_a_sound_machine_gets_a_clean_bill(capsys):
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert said.endswith("\nEverything is ready.\n")
    for name in (
        "Python",
        "packages",
        "computing",
        "folders",
        "data",
        "weights",
        "sound",
        "notation",
        "widgets",
        "notebooks",
    ):
        assert re.search(rf"^(ok|note) +{name} ", said, re.MULTILINE), name
    hertz = re.search(r"sounds at ([\d.]+) Hz", said)
    assert hertz is not None and abs(float(hertz[1]) - 440) < 2
    assert re.search(r"the player answered the page with [1-9]\d* samples", said)


def findings(name: str) -> list[Finding]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doctor, "_EXAMINATIONS", tuple(row for row in doctor._EXAMINATIONS if row[0] == name))
        return list(examine())


def test_a_problem_sets_the_exit_status_and_names_its_cure(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        doctor, "_EXAMINATIONS", tuple(row for row in doctor._EXAMINATIONS if row[0] in ("Python", "weights"))
    )
    monkeypatch.setenv("MUSEGEN_WEIGHTS", str(tmp_path))
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert re.search(r"PROBLEM  weights .*no trained model.*\n +-> get them again", said)
    assert "Something needs mending" in said


def test_cut_data_are_a_problem(tmp_path, monkeypatch):
    from musegen_edu.files import datasets_folder

    for path in datasets_folder().glob("*/*"):
        if path.suffix in (".zip", ".md", "") and path.is_file():
            target = tmp_path / path.relative_to(datasets_folder())
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes()[: -50 if path.name == "chorales.zip" else None])
    monkeypatch.setenv("MUSEGEN_DATASETS", str(tmp_path))
    (problem,) = [finding for finding in findings("data") if finding.state == "problem"]
    assert "chorales.zip" in problem.detail and problem.cure


def test_an_unwritable_cache_is_a_note_and_an_unwritable_home_a_problem(tmp_path, monkeypatch):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    with monkeypatch.context() as patch:
        patch.setenv("MUSEGEN_CACHE", str(in_the_way / "cache"))
        found = findings("folders")
    assert [finding.state for finding in found] == ["ok", "note"]
    assert "MUSEGEN_CACHE" in found[1].detail
    monkeypatch.setenv("MUSEGEN_HOME", str(in_the_way / "home"))
    (problem,) = findings("folders")
    assert problem.state == "problem" and "MUSEGEN_HOME" in problem.cure


def test_a_soundfont_that_is_none_is_a_problem(tmp_path, monkeypatch):
    wrong = tmp_path / "piano.sf2"
    wrong.write_bytes(b"not a SoundFont")
    monkeypatch.setenv("MUSEGEN_SOUNDFONT", str(wrong))
    (problem,) = findings("sound")
    assert problem.state == "problem" and "piano.sf2" in problem.detail and "MUSEGEN_SOUNDFONT" in problem.cure


def test_a_wrong_pitch_is_heard(monkeypatch):
    monkeypatch.setattr(importlib.import_module("musegen_edu.pitch"), "measure_pitch", lambda audio, rate: 415.3)
    (problem,) = findings("sound")
    assert problem.state == "problem" and "415.3 Hz (-100.0 cents)" in problem.detail


def test_a_player_that_does_not_answer_is_a_problem(monkeypatch):
    def silent(program: int) -> None:
        raise RuntimeError("the renderer is gone")

    monkeypatch.setattr(importlib.import_module("musegen_edu.note_packs"), "note_pack", silent)
    (problem,) = findings("widgets")
    assert problem.state == "problem" and "the renderer is gone" in problem.detail


def test_a_missing_browser_side_is_a_problem(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    problem, *_ = findings("widgets")
    assert problem.state == "problem" and "anywidget" in problem.detail


def test_an_old_python_is_a_problem(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    (problem,) = findings("Python")
    assert problem.state == "problem" and "3.11 to 3.13" in problem.cure


def test_other_versions_than_the_lock_are_a_note(monkeypatch):
    monkeypatch.setattr(doctor, "_locked_versions", lambda: {"numpy": "1.0"})
    note, fine = findings("packages")
    assert (note.state, fine.state) == ("note", "ok")
    assert "(locked: 1.0)" in note.detail


def test_the_report_shows_itself_and_escapes(monkeypatch):
    bad = Finding("data", "problem", "a <b> & c", "do this")
    monkeypatch.setattr(doctor, "examine", lambda: iter([Finding("Python", "ok", "3.11"), bad]))
    report = check_machine()
    assert not report.ok
    assert "a &lt;b&gt; &amp; c" in report._repr_html_() and "<b>What to do:</b> do this" in report._repr_html_()
    assert repr(report).splitlines()[-1].strip() == "-> do this"
    assert MachineReport((Finding("GPU", "note", "none"),)).ok
