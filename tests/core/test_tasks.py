"""Jobs make images and fetch recordings: as the commands do, cancelled, and taken up again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.core.test_jobs import ended, until
from tests.invented_recordings import InventedRecordings, encode_sound
from tests.xenocanto_server import XenoCantoServer

from covey import CoveyError
from covey.components.options import build
from covey.data.folder import FolderDataset
from covey.experiments.jobs import FetchTask, ImageTask, read_task, start_job
from covey.plugins.registry import Registry
from covey.sound.recording_summary import summarize_recordings
from covey.sound.spectrograms import Recipe
from covey.sources.choose_recordings import RecordingChoice
from covey.sources.source_keys import lacks_key, store_key
from covey_xenocanto import XenoCanto


@pytest.fixture
def wavs(tmp_path: Path) -> Path:
    folder = tmp_path / "wavs"
    folder.mkdir()
    for number, seconds in enumerate((1, 2, 3)):
        (folder / f"rec_{number}.wav").write_bytes(encode_sound(number, 0, seconds, 8000, ".wav"))
    return folder


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Iterator[XenoCantoServer]:
    server = XenoCantoServer(InventedRecordings(6))
    for name, text in server.environment.items():
        monkeypatch.setenv(name, text)
    yield server
    server.gate.set()
    server.shutdown()
    server.server_close()


def test_a_job_makes_images_and_made_again_nothing_changes(wavs: Path, registry: Registry) -> None:
    recipe = build(Recipe, {"rate": 8000, "segment": 0.5, "step": 1.0})
    task = ImageTask(recordings=wavs, dataset=wavs, recipe=recipe)
    for _ in range(2):
        job = start_job(task, FolderDataset(wavs), registry)
        assert (job.title, job.is_run) == ("Making images", False)
        assert ended(job) == "done", job.log
        assert job.message == "12 images of 3 recordings. Of 3 recordings 3 used."
        assert len(list((wavs / "images").glob("*.png"))) == 12
        assert read_task(job.folder, registry) == task


def test_a_job_fetches_recordings_and_goes_on_where_it_was_cancelled(
    archive: XenoCantoServer, tmp_path: Path, registry: Registry
) -> None:
    folder = tmp_path / "tits"
    folder.mkdir()
    choice = build(RecordingChoice, {"most": 3, "licence": "any"})
    task = FetchTask(source=build(XenoCanto, {"pace": 0}), queries=("gen:Parus",), choice=choice, dataset=folder)
    archive.gate.clear()
    first = start_job(task, FolderDataset(folder), registry)
    until(lambda: first.stage is not None and first.stage.title == "Fetching")
    first.cancel()
    assert first.state == "cancelled"
    archive.gate.set()
    again = start_job(read_task(first.folder, registry), FolderDataset(folder), registry)
    assert ended(again) == "done", again.log
    assert again.message.startswith("Of 3 recordings 3 there.")
    assert len(list((folder / "recordings").iterdir())) == 3
    assert archive.key not in again.log + (again.folder / "fetch.json").read_text()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"recipe": {"rate": "x"}}'])
def test_a_damaged_task_is_a_sentence(tmp_path: Path, text: str, registry: Registry) -> None:
    (tmp_path / "images.json").write_text(text)
    with pytest.raises(CoveyError):
        read_task(tmp_path, registry)


def test_recordings_are_summed_up(wavs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (wavs / "broken.wav").write_bytes(b"RIFF")
    summary = summarize_recordings(sorted(wavs.glob("*.wav")))
    assert (summary.rates, summary.unreadable, summary.is_estimate) == ({8000: 3}, 1, False)
    assert summary.hours * 3600 == pytest.approx(6)
    assert summary.count_segments(1.0, 0.5) == 1 + 3 + 5
    assert summary.count_segments(1.0, 0.5, most=2) == 1 + 2 + 2
    assert summary.count_shorter(1.5) == 1
    monkeypatch.setattr("covey.sound.recording_summary.MOST_HEADERS", 2)
    part = summarize_recordings(sorted(wavs.glob("rec_*.wav")))
    assert part.is_estimate
    assert part.hours * 3600 == pytest.approx((1 + 3) * 3 / 2)


def test_a_source_lacks_a_key_until_one_is_stored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COVEY_HOME", str(tmp_path))
    for name in ("XENO_CANTO_API_KEY", "XC_API_KEY", "XCKEY"):
        monkeypatch.delenv(name, raising=False)
    assert lacks_key(XenoCanto)
    store_key("xeno-canto", "0123456789abcdef0123456789abcdef")
    assert not lacks_key(XenoCanto)
