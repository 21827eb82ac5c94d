"""The command line: `musegen lab`, `doctor`, `compose`, `train`, `build`. Each command loads only what it needs."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from musegen_edu import __version__

# What goes wrong for reasons that the person at the keyboard can mend; a fault of ours still shows its traceback.
_MENDABLE = (ValueError, OSError, ModuleNotFoundError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    arguments : the words after `musegen`; those of the process if None.

    Returns
    -------
    0 if all went well, 1 if something did not (a message says what), 130 after Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        print(f"\nmusegen {options.command}: stopped.{options.after_stop}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except _MENDABLE as error:
        print(f"musegen {options.command}: {_explain(error)}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="musegen",
        description="A course that teaches how neural networks make music.",
        epilog="examples:\n  musegen lab\n  musegen doctor\n  musegen compose --seed 7 --out tunes\n\nmusegen COMMAND --help tells more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"musegen {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    lab = _command(commands, "lab", _lab, "open the lessons in JupyterLab", "musegen lab\n  musegen lab --no-browser --port 8899")
    lab.add_argument("--no-browser", action="store_true", help="print the address instead of opening a browser")
    lab.add_argument("--port", type=int, help="port to listen on; without it, the first free one from 8888")

    _command(commands, "doctor", _doctor, "look this machine over; exit status 1 if something needs mending", "musegen doctor")

    compose = _command(
        commands,
        "compose",
        _compose,
        "let a trained model compose a tune: .mid, .wav, .musicxml and .svg",
        'musegen compose --model melody_lstm --bars 16 --seed 7 --out tunes\n  musegen compose --key "D dorian" --meter 6/8 --temperature 1.2',
    )
    compose.add_argument("--model", default="melody_lstm", help="name of a trained model (default: %(default)s)")
    compose.add_argument("--bars", type=int, default=16, help="length of the tune (default: %(default)s)")
    compose.add_argument("--seed", type=int, help="the same seed gives the same tune; without it, one is drawn and printed")
    compose.add_argument("--key", default="G major", help="tonic and mode (default: %(default)s)")
    compose.add_argument("--meter", type=_meter, default=(4, 4), help="such as 3/4 or 6/8 (default: 4/4)")
    compose.add_argument("--temperature", type=float, default=1.0, help="below 1 tamer, above 1 wilder (default: %(default)s)")
    compose.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="where the files go (default: here)")

    train = _command(
        commands,
        "train",
        _train,
        "train one of the course's models; after Ctrl-C the same command goes on",
        "musegen train melody_lstm\n  musegen train melody_lstm --profile full --seed 0 --out weights",
        after_stop=" The epochs that were finished are kept: the same command goes on from there.",
    )
    train.add_argument("name", metavar="NAME", help="such as melody_lstm")
    train.add_argument("--profile", choices=["quick", "full"], default="quick", help="quick: a minute on two cores; full: for a GPU or patience")
    train.add_argument("--seed", type=int, default=0, help="of weights and order (default: %(default)s)")
    train.add_argument("--out", type=Path, metavar="DIR", help="where weights and card go (default: the folder weights of your own)")

    build = _command(commands, "build", _build, "make the notebooks from their sources", "musegen build notebooks --only 01\n  musegen build notebooks --check")
    build.add_argument("what", choices=["notebooks"], help="what to build")
    build.add_argument("--only", action="append", metavar="NN", help="number or slug of a lesson; may be given several times")
    build.add_argument("--check", action="store_true", help="write nothing; exit status 1 if a notebook is stale")
    build.add_argument("--no-execute", action="store_true", help="run nothing; keep outputs whose code has not changed")
    build.add_argument("--teacher", type=Path, metavar="DIR", help="also write the teachers' copies, into this folder")
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, run: object, summary: str, examples: str, after_stop: str = ""
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"examples:\n  {examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run, after_stop=after_stop)
    return parser


def _lab(options: argparse.Namespace) -> int:
    from musegen_edu.lab import lab_command, open_lab

    arguments, environment, address = lab_command(port=options.port, browser=not options.no_browser)
    print(f"The course is at\n\n  {address}\n\nKeep this window open while you work. Ctrl-C here closes the course.", flush=True)
    status = open_lab(arguments, environment)
    print("The course is closed.")
    return status


def _doctor(options: argparse.Namespace) -> int:
    from musegen_edu.doctor import MachineReport, examine

    findings = []
    for finding in examine():
        print(finding, flush=True)
        findings.append(finding)
    ok = MachineReport(tuple(findings)).ok
    print("\nEverything is ready." if ok else "\nSomething needs mending: see the lines marked PROBLEM.")
    return 0 if ok else 1


def _compose(options: argparse.Namespace) -> int:
    _must_be_writable(options.out)  # before the model loads: a typing error should not cost ten seconds
    from musegen_edu.audio import audio_to_wav
    from musegen_edu.composing import compose
    from musegen_edu.files import write_atomically
    from musegen_edu.midi import score_to_midi
    from musegen_edu.notation import engrave, score_to_musicxml
    from musegen_edu.synthesis import score_to_audio

    seed = secrets.randbelow(10_000) if options.seed is None else options.seed
    tune = compose(options.model, bars=options.bars, seed=seed, key=options.key, meter=options.meter, temperature=options.temperature)
    stem = options.out / f"{options.model}-{seed}"
    pages = engrave(tune).svg
    files: dict[Path, bytes | str] = {
        stem.with_suffix(".mid"): score_to_midi(tune),
        stem.with_suffix(".wav"): audio_to_wav(score_to_audio(tune), 44100),
        stem.with_suffix(".musicxml"): score_to_musicxml(tune),
        stem.with_suffix(".svg"): pages[0],
        **{stem.with_name(f"{stem.name}-page{number}.svg"): page for number, page in enumerate(pages[1:], start=2)},
    }
    for path, content in files.items():
        print(write_atomically(path, content))
    print(f"{options.bars} bars in {options.key}, seed {seed}: {len(tune)} notes, {tune.seconds:.0f} seconds")
    return 0


def _train(options: argparse.Namespace) -> int:
    if options.out is not None:
        _must_be_writable(options.out)
    from musegen_edu.training import train

    print(train(options.name, options.profile, folder=options.out, seed=options.seed))
    return 0


def _build(options: argparse.Namespace) -> int:
    from musegen_edu.authoring import build_notebooks
    from musegen_edu.lab import course_folder

    report = build_notebooks(
        course_folder() / "notebooks", only=options.only, check=options.check, teacher_folder=options.teacher, execute=not options.no_execute
    )
    print(report)
    return 0 if report.ok else 1


def _meter(text: str) -> tuple[int, int]:
    beats, slash, unit = text.partition("/")
    if not (slash and beats.isdigit() and unit.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no meter; write it like 3/4 or 6/8")
    return int(beats), int(unit)


def _must_be_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(f"cannot write into {folder} ({error.strerror}); choose another folder with --out") from error


def _explain(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError):
        return (
            f"the package {error.name} is missing. For writing lessons and running tests, install the dev extra: "
            "pip install -c constraints.txt -e '.[dev]'. Otherwise install again: python3 start.py --reinstall"
        )
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
