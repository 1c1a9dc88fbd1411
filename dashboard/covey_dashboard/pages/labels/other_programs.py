"""Labels in the forms of other programs on the page Labels, by the exporters and importers that are installed."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from covey import CoveyError
from covey.authoring import SILENT, Exporter, Importer
from covey.frontend import Kind, LabelStore, Registered, count_noun, export, in_terminal
from covey_dashboard.current_labels import label_store
from covey_dashboard.data.datasets import dataset_at, registry
from covey_dashboard.server.read_only import refuse_if_read_only
from covey_dashboard.state import LabelBarState, LabelsState, PreparedExport
from covey_dashboard.widgets.forms import show_form

LABEL_TABLES = "covey:labels"
"""The importer of the tables that this page itself writes."""
MOST_BYTES = 200_000_000
"""Bytes of files that a browser is given at once, at most."""


def list_exporters() -> list[Registered]:
    """Return the installed exporters that can hold labels and are ready to work."""
    exporters = registry().of_kind(Kind.EXPORTER)
    return [
        item for item in exporters if issubclass(item.cls, Exporter) and _is_ready(item) and "labels" in item.cls.holds
    ]


def list_importers() -> list[Registered]:
    """Return the installed importers that bring labels and are ready to work, that of this page's tables first."""
    importers = [
        item
        for item in registry().of_kind(Kind.IMPORTER)
        if issubclass(item.cls, Importer) and _is_ready(item) and item.cls.brings == "labels"
    ]
    return sorted(importers, key=lambda item: item.full_name != LABEL_TABLES)


def _is_ready(item: Registered) -> bool:
    return not item.missing


def title_form(item: Registered) -> str:
    """Return what a form is called: its name, with that of its package if it is not covey's, and what it is."""
    name = item.name if item.distribution == "covey" else item.full_name
    return f"{name}: {item.summary.rstrip('.')}"


def show_export_form(location: str) -> None:
    """Offer the labels in the form of another program."""
    item = st.selectbox(
        "For another program", list_exporters(), None, title_form, placeholder="a form", key=LabelsState.exporter_key
    )
    if item is None:
        return
    exporter = show_form(registry().get(Kind.EXPORTER, item.full_name), LabelsState.form_key(item.full_name))
    st.button(
        "Prepare the files",
        disabled=exporter is None,
        key=LabelsState.prepare_key,
        on_click=prepare_export,
        args=(location, exporter),
    )
    prepared = LabelsState.recall().export_by_location.get(location)
    if prepared and prepared.exporter == exporter:
        title = f"Download {count_noun(prepared.file_count, 'file')}"
        st.download_button(
            title,
            prepared.zip_bytes,
            f"{name_files(location)}_{item.name}.zip",
            "application/zip",
            icon=":material/download:",
            on_click="ignore",
        )


def prepare_export(location: str, exporter: Exporter) -> None:
    """Write the labels of a dataset in a form, and keep the files for the browser."""
    exports = LabelsState.recall().export_by_location
    exports.pop(location, None)
    _report(partial(_prepare, location, exporter))


def _prepare(location: str, exporter: Exporter) -> str:
    refuse_if_read_only()
    with TemporaryDirectory() as folder:
        out = Path(folder) / exporter.name
        export(dataset_at(location), exporter, out, ["labels"], progress=SILENT)
        files = sorted(path for path in out.rglob("*") if path.is_file())
        zip_bytes = _zip_files(files, out)
    LabelsState.recall().export_by_location[location] = PreparedExport(exporter, zip_bytes, len(files))
    return f"{exporter.name}: {count_noun(len(files), 'file')} can be downloaded."


def _zip_files(files: Sequence[Path], root: Path) -> bytes:
    """Return files as one ZIP archive. Raises CoveyError if they are too large for a browser."""
    if (total := sum(path.stat().st_size for path in files)) > MOST_BYTES:
        raise CoveyError(
            f"The files have {total / 1e6:,.0f} MB, too many for a browser: write them with"
            f" {in_terminal('covey export')}."
        )
    archive_file = io.BytesIO()
    with zipfile.ZipFile(archive_file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(root).as_posix())
    return archive_file.getvalue()


def choose_importer() -> Registered:
    """Return the importer that a person chooses."""
    item: Registered = st.selectbox("Import", list_importers(), 0, title_form, key=LabelsState.importer_key)
    return item


def show_import_form(location: str, item: Registered) -> None:
    """Offer to add the labels that another program made."""
    cls = registry().get(Kind.IMPORTER, item.full_name)
    importer = show_form(cls, LabelsState.form_key(f"import {item.full_name}"))
    upload = st.file_uploader(
        "Its file" if cls.one_file else "Its files",
        type=[suffix.removeprefix(".") for suffix in cls.suffixes] or None,
        accept_multiple_files=not cls.one_file,
        key=LabelsState.upload_key_of(item.full_name),
    )
    uploads = upload if isinstance(upload, list) else [upload] if upload else []
    st.button(
        "Add its labels",
        disabled=not uploads or importer is None,
        on_click=import_files,
        args=(location, importer, list(_read_uploads(uploads))),
    )


def _read_uploads(uploads: Sequence[UploadedFile]) -> Iterator[tuple[str, bytes]]:
    for upload in uploads:
        yield upload.name, upload.getvalue()


def import_files(location: str, importer: Importer, files: Sequence[tuple[str, bytes]]) -> None:
    """Add the labels in files that came from the browser, and report what became of them.

    Args:
        location: of the dataset.
        importer: reads the files.
        files: the name and the bytes of each.
    """
    report_import(location, partial(_import, location, importer, files))


def _import(location: str, importer: Importer, files: Sequence[tuple[str, bytes]]) -> str:
    refuse_if_read_only()
    with TemporaryDirectory() as folder:
        paths = []
        for number, (name, file_bytes) in enumerate(files):
            path = Path(folder) / str(number) / PurePosixPath(name.replace("\\", "/")).name
            path.parent.mkdir()
            path.write_bytes(file_bytes)
            paths.append(path)
        return importer.read(dataset_at(location), paths, SILENT)


def report_import(location: str, act: Callable[[], str]) -> None:
    """Add labels, and say beside the form what was brought: the report of actions is for what is done after that."""
    reports = LabelsState.recall().report_by_location
    reports.pop(location, None)

    def bring() -> str:
        store = label_store(location)
        previous_count = count_several(store)
        reports[location] = " ".join([act(), describe_several(previous_count, count_several(store))]).strip()
        return ""

    _report(bring)


def count_several(store: LabelStore) -> int:
    """Return how many images have several classes. Raises CoveyError."""
    return sum(len(labels) > 1 for labels in store.by_image().values())


def describe_several(previous_count: int, count: int) -> str:
    """Return how many images have several classes since labels were brought, if these are more than before."""
    if count <= previous_count:
        return ""
    verb = "has" if count == 1 else "have"
    return f"{count_noun(count, 'image')} {verb} several classes now, {previous_count:,} before."


def name_files(location: str) -> str:
    """Return what the names of files for a person begin with: the name of the dataset, without odd signs."""
    return re.sub(r"[^\w.-]+", "_", Path(location).name).strip("_.") or "dataset"


def _report(act: Callable[[], str]) -> None:
    """Act, and report what was done, or what went wrong."""
    state = LabelBarState.recall()
    try:
        state.set_report(act())
    except (CoveyError, OSError) as error:
        state.set_report(name_fields(str(error)), has_failed=True)


def name_fields(message: str) -> str:
    """Return a message in which flags of the command line are called as the fields of a form are."""
    return re.sub(
        r"--([a-z][a-z-]*)(?: [A-Z]{2,})?", lambda flag: f"“{flag[1].replace('-', ' ').capitalize()}”", message
    )
