"""The examples and commands in README.md work."""

from __future__ import annotations

import doctest
import json
import re
import shlex
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from PIL import Image
from tests.fixture_types import Cli
from tests.invented_recordings import encode_sound
from tests.type_check import check_types

import covey
import covey as covey_package
from covey import CoveyError
from covey.commands.main import main
from covey.testing import Brightness
from covey_kmeans import Kmeans
from covey_pca import Pca

PAGE = Path(__file__).parents[2] / "README.md"
EXAMPLE = re.compile(r"<!-- example -->\n```python\n(?P<text>.*?)```", re.DOTALL)
COMMAND = re.compile(r"^    covey (?P<words>[^#\n]+)", re.MULTILINE)


PAGES = (PAGE, *PAGE.parent.glob("*/*.md"))


def commands() -> Iterator[list[str]]:
    for page in PAGES:
        yield from (shlex.split(match["words"]) for match in COMMAND.finditer(page.read_text("utf-8")))


def test_the_python_example(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("timm", reason="needs covey[timm]")
    pytest.importorskip("pandas", reason="needs pandas")
    shutil.copytree(images, tmp_path / "work" / "birds")
    monkeypatch.chdir(tmp_path / "work")
    (example,) = EXAMPLE.finditer(PAGE.read_text("utf-8"))
    namespace: dict[str, Any] = {}
    exec(example["text"], namespace)
    assert namespace["embedding"].Z.shape == (24, 4)
    assert list(namespace["table"].columns) == ["cluster"]
    assert namespace["table"].index.tolist() == namespace["clustering"].names.tolist()
    assert namespace["picture"].getbbox()
    features = covey.frame(namespace["birds"].load(namespace["birds"].entries()[-1]))
    assert features.shape[0] == 24
    assert list(covey.frame(namespace["embedding"]).columns) == [0, 1, 2, 3, "map_x", "map_y"]
    contact_sheet = covey.contact_sheet(namespace["birds"], ["call_03.png", "none.png"])
    assert contact_sheet.size == (2 * (48 + 4), 32 + 4)
    with Image.open(images / "call_03.png") as first:
        assert np.array_equal(np.asarray(contact_sheet)[:32, :48, :3], np.asarray(first))
    assert not np.asarray(contact_sheet)[:, 52:].any()


def test_the_python_example_passes_a_strict_type_check(tmp_path: Path) -> None:
    (example,) = EXAMPLE.finditer(PAGE.read_text("utf-8"))
    path = tmp_path / "example.py"
    path.write_text(example["text"], "utf-8")
    check_types([path])


def test_components_from_python_fail_with_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(covey.CoveyError, match="There is no folder"):
        covey.open(str(tmp_path / "none"))
    with pytest.raises(covey.CoveyError, match="There are no images"):
        covey.run(str(tmp_path))
    with pytest.raises(covey.CoveyError, match="There are no images"):
        covey.contact_sheet(covey.open(str(tmp_path)), ["a.png"])


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_is_there_with_its_flags(words: list[str]) -> None:
    command: click.Command = main
    with click.Context(main) as context:
        while isinstance(command, click.Group) and words:
            subcommand = command.get_command(context, words.pop(0))
            assert subcommand, words
            command = subcommand
    flags = {flag for param in command.params for flag in [*param.opts, *param.secondary_opts]}
    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= {*flags, "--help"}


def test_the_recipes_for_images_can_be_tried_one_after_the_other(
    covey: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("soundfile", reason="needs covey[audio]")
    monkeypatch.chdir(tmp_path)
    for folder in ("recordings", "new", "annotations"):
        Path(folder).mkdir()
    for number, folder in enumerate(["recordings", "recordings", "new"]):
        Path(folder, f"rec_{number}.wav").write_bytes(encode_sound(number, number, 3, 48000, ".wav"))
    Path("annotations", "events.csv").write_text("recording,start_s,end_s\nrec_0.wav,1.0,1.2\n")
    recipes = [
        match["words"] for match in COMMAND.finditer(PAGE.read_text("utf-8")) if Path(recordings_of(match)).is_dir()
    ]
    assert len(recipes) == 5
    for words in recipes:
        done = covey(*shlex.split(words))
        assert done.exit_code == 0, done.output


def recordings_of(command: re.Match[str]) -> str:
    """Return the folder of recordings of a command that draws images; "-" if it is another command."""
    name, folder, *_ = [*shlex.split(command["words"]), "-", "-"]
    return folder if name == "spectrograms" else "-"


def test_the_example_of_the_package_runs(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a quick extractor, reducer and clusterer in place of the defaults."""
    example = doctest.DocTestParser().get_examples(covey.__doc__ or "")
    run = partial(covey.run, extractors=[Brightness()], reducers=[Pca(sizes=(2,))], clusterers=[Kmeans(clusters=2)])
    monkeypatch.setattr(covey, "run", run)
    names: dict[str, Any] = {}
    for step in example:
        exec(step.source.replace("birds/", images.as_posix()), names)
    assert names["birds"].labels.by_image() == {"call_03.png": ("wren",)}


def test_a_run_goes_on_from_features_with_the_settings_of_the_caller(images: Path) -> None:
    covey.run(str(images), extractors=[Brightness()], reducers=[Pca(sizes=(2,))], clusterers=[Kmeans(clusters=2)])
    (features,) = covey.open(str(images)).features()
    results = covey.run(
        str(images),
        features=[features.name],
        reducers=[Pca(sizes=(2,))],
        clusterers=[Kmeans(clusters=3)],
        runtime=covey.Runtime(compress=True),
    )
    assert results.computed == 1
    assert len(results.clusterings) == 1
    with pytest.raises(CoveyError, match="The setting device has no effect"):
        covey.run(str(images), extractors=[Brightness()], runtime=covey.Runtime(device="cpu"))


def test_every_page_of_the_dashboard_is_named() -> None:
    app = (PAGE.parent / "dashboard" / "covey_dashboard" / "server" / "app.py").read_text("utf-8")
    titles = re.findall(r'^    "\w+": "(.+)",$', app.partition("PAGES = {")[2].partition("}")[0], re.MULTILINE)
    table = PAGE.read_text("utf-8").partition("## In the dashboard")[2].partition("## ")[0]
    named = [name for row in re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)[1:] for name in row.split(", ")]
    assert titles
    assert named == titles


LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")


@pytest.mark.parametrize("page", [*PAGES, *PAGE.parent.glob("plugins/*/README.md")], ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_the_notebook_of_a_first_evening_runs(covey: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a quick extractor, reducer and clusterer in place of the defaults."""
    pytest.importorskip("pandas", reason="needs pandas")
    pytest.importorskip("soundfile", reason="needs covey[audio]")
    components = ([Brightness()], [Pca(sizes=(2,))], [Kmeans(clusters=2)])
    run = partial(covey_package.run, extractors=components[0], reducers=components[1], clusterers=components[2])
    monkeypatch.setattr(covey_package, "run", run)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recordings").mkdir()
    for number in range(6):
        sound = encode_sound(number % 2, number, 2, 24000, ".wav")
        (tmp_path / "recordings" / f"rec_{number}.wav").write_bytes(sound)
    notebook = json.loads((PAGE.parent / "dashboard" / "first_evening.ipynb").read_text("utf-8"))
    names: dict[str, Any] = {}
    for text in ("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"):
        if text.startswith("!covey "):
            done = covey(*shlex.split(text)[1:])
            assert done.exit_code == 0, done.output
        else:
            exec(text, names)
    assert set(names["evening"].labels.by_image().values()) == {("buzz",)}
    assert list((tmp_path / "tables").iterdir())
    assert (tmp_path / "evening.html").stat().st_size > 1000
