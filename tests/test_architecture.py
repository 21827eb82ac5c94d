"""The house rules that a reader would otherwise have to check by eye: where imports may go, and what may not be written."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "musegen_edu"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "_lab" not in path.parts)
FORBIDDEN_NAMES = {"utils", "helpers", "misc", "common", "manager", "data2"}

# Each group may import from itself and from the groups above it, never from one below.
LAYERS = (
    ("files", "keys", "score", "_version"),
    ("flattening", "letters", "midi", "notation", "tokens", "pianoroll", "kernels", "spelling", "spectrogram", "audio", "mu_law", "phases", "pitch", "caching"),
    ("soundfont", "performance", "synthesis", "note_packs"),
    ("quiet_keras", "devices", "batching", "crops", "models", "filters", "sampling", "compiled_loop", "guides", "constraints", "beams", "chorale_batches", "chorale_loop", "crnn_batches", "bar_loop", "note_crops", "sound_generation", "timbre_morphing", "chorale_holes", "gibbs", "frame_likelihood", "reading", "readouts"),
    ("archives", "datasets", "downloads", "drum_patterns", "families", "metrics", "mixtures", "four_bars", "bands", "latent", "attributes", "style_windows", "style_judging", "style_baselines"),
    ("observer", "training", "recipes", "pretrained", "composing", "forging", "fermatas", "harmonising", "next_bars", "inpainting", "accompanying", "continuing", "style_transfer", "plots"),
    ("widgets",),
    ("checks", "authoring", "doctor", "lab", "cli"),
)


def imports_of(path: Path) -> set[str]:
    """Return the names of the package's top-level modules that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("musegen_edu."):
            found.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.ImportFrom) and node.module == "musegen_edu":
            found.update(
                alias.name
                for alias in node.names
                if (PACKAGE / alias.name).exists() or (PACKAGE / f"{alias.name}.py").exists()
            )
        elif isinstance(node, ast.Import):
            found.update(alias.name.split(".")[1] for alias in node.names if alias.name.startswith("musegen_edu."))
    return found


def own_name(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_score_knows_nobody_but_keys():
    paths = sorted((PACKAGE / "score").glob("*.py"))
    assert paths
    for path in paths:
        # the score's rich display asks the widgets, when a notebook asks it
        assert imports_of(path) <= {"score", "keys", *(["widgets"] if path.stem == "__init__" else [])}, path.name


@pytest.mark.parametrize("path", sorted((PACKAGE / "models").glob("*.py")), ids=lambda path: path.stem)
def test_models_know_neither_datasets_nor_widgets_nor_notation(path):
    assert not imports_of(path) & {
        "datasets",
        "downloads",
        "widgets",
        "checks",
        "notation",
        "midi",
        "synthesis",
        "plots",
        "training",
    }


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_below_the_widgets_imports_what_stands_on_top(path):
    own = own_name(path)
    if own in {"widgets", *LAYERS[-1], "__init__", "score"}:
        return
    assert not imports_of(path) & {"widgets", *LAYERS[-1]}


@pytest.mark.parametrize(
    "own", ["files", "keys", "midi", "notation", "tokens", "pianoroll", "spectrogram", "audio", "pitch"]
)
def test_representations_know_only_what_lies_below_them(own):
    below = {name for layer in LAYERS[:2] for name in layer}
    paths = [path for path in MODULES if own_name(path) == own]
    assert paths
    assert set().union(*(imports_of(path) for path in paths)) <= below


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_backend_pickle_or_empty_name(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"^\s*(import|from) (tensorflow|jax|torch)\b", text, re.MULTILINE)
    assert "allow_pickle=True" not in text
    assert path.stem not in FORBIDDEN_NAMES


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import sys, json, musegen_edu; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules} & "
        "{'tensorflow', 'keras', 'jax', 'torch', 'music21', 'librosa', 'matplotlib', 'verovio', 'symusic', 'scipy', 'anywidget'})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_every_public_name_loads_and_is_documented():
    import musegen_edu

    for name in musegen_edu.__all__:
        value = getattr(musegen_edu, name)
        assert name == "__version__" or (value.__doc__ or "").strip(), f"{name} has no docstring"


def test_editors_see_the_same_names_as_python():
    import musegen_edu

    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    seen = {
        alias.asname: f"{node.module}"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == {name: f"musegen_edu.{module}" for name, module in musegen_edu._HOME.items()}


def committed(*patterns: str) -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git clone")
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_absolute_paths_are_committed():
    pattern = re.compile(r"(?<![\w.:/])/(home|root|work|Users)/[a-z]")
    for path in committed("*.py", "*.md", "*.toml", "*.yml", "*.ipynb", "*.js", "*.json"):
        found = pattern.search(path.read_text(encoding="utf-8"))
        assert found is None or path == Path(__file__), (
            f"{path.relative_to(ROOT)} has the absolute path {found and found.group()}..."
        )


def test_widgets_ask_for_nothing_beyond_the_kernel():
    for path in committed("musegen_edu/**/*.js", "musegen_edu/**/*.css", "musegen_edu/*.js"):
        addresses = set(re.findall(r"https?://[\w.]+", path.read_text(encoding="utf-8")))
        assert addresses <= {"http://www.w3.org"}, f"{path.name} names {addresses}"
