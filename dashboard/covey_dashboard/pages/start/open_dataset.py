"""Opening a dataset: one that was open before, a folder of this machine, a new one, one that lies elsewhere."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from covey import CoveyError, Storage
from covey.frontend import Kind, Registered, count_noun, make_folder
from covey_dashboard.current_dataset import show_dataset
from covey_dashboard.data.datasets import registry
from covey_dashboard.data.recent_datasets import list_recent_datasets
from covey_dashboard.data.table_titles import as_utf8
from covey_dashboard.pages.start.allowed_folders import check_allowed, list_folders, list_roots
from covey_dashboard.server.read_only import refuse_if_read_only
from covey_dashboard.state import StartState
from covey_dashboard.widgets.messages import show_problem

LOCAL = "npz"
"""The storage of folders of this machine."""


def choose_dataset() -> None:
    """Let a person open a dataset."""
    state = StartState.recall()
    left_column, right_column = st.columns(2)
    left_column.text_input(
        "Open a folder",
        placeholder="path of a folder with recordings or images",
        help="A folder with recordings, images or a dataset. ~ stands for your home folder; quotation marks around the"
        " path do no harm.",
        key=StartState.location.key,
        on_change=open_typed_dataset,
    )
    right_column.selectbox(
        "Recent datasets",
        list_recent_datasets(),
        None,
        placeholder="what was open before",
        key=StartState.recent.key,
        on_change=open_recent_dataset,
    )
    if state.problem:
        show_problem(state.problem)
        state.problem = ""
    folder_column, elsewhere_column = st.columns(2)
    with folder_column, st.expander("Look for a folder, or make a new one"):
        browse_folders()
    with elsewhere_column, st.expander("A dataset on Kaggle or elsewhere"):
        choose_elsewhere()


def browse_folders() -> None:
    """Let a person look through the folders of this machine, open one, or make a new one."""
    state = StartState.recall()
    roots = list_roots()
    if not roots:
        st.text("There is no folder to look through: type the path of one.")
        return
    st.selectbox("Look in", [str(root) for root in roots], key=StartState.root.key, on_change=go_to_root)
    folder = Path(state.browsed or str(roots[0]))
    try:
        folders = list_folders(folder)
    except CoveyError as error:
        show_problem(str(error))
        state.browsed = ""
        return
    st.text(as_utf8(f"{folder}: {describe_folder(folder, len(folders))}"))
    show_folders(folder, folders)
    open_column, name_column, make_column = st.columns([2, 2, 2], vertical_alignment="bottom")
    open_column.button("Open this folder", on_click=open_dataset, args=(str(folder),), type="primary", width="stretch")
    name_column.text_input("Name of a new folder in it", key=StartState.new_folder.key)
    make_column.button("Make and open it", on_click=make_dataset, args=(folder,), width="stretch")


def show_folders(folder: Path, folders: list[Path]) -> None:
    """Let a person go into one of the folders in a folder, or one up."""
    is_inside = any(folder.is_relative_to(root) for root in list_roots() if root != folder)
    folder_column, up_column = st.columns([4, 2], vertical_alignment="bottom")
    folder_column.selectbox(
        "Go into",
        [path.name for path in folders],
        None,
        placeholder="a folder in it",
        format_func=as_utf8,
        key=StartState.inner(folder).key,
        on_change=go_into,
        args=(folder,),
    )
    up_column.button("One folder up", on_click=go_to, args=(folder.parent,), width="stretch", disabled=not is_inside)


def describe_folder(folder: Path, folder_count: int) -> str:
    """Return what lies directly in a folder, in words."""
    file_count = sum(path.is_file() for path in folder.iterdir() if not path.name.startswith("."))
    return f"{count_noun(folder_count, 'folder')}, {count_noun(file_count, 'file')}"


def go_to_root() -> None:
    """Look through the folder that a person chose from the list."""
    go_to(Path(StartState.root.content))


def go_into(folder: Path) -> None:
    """Look through the folder in a folder that a person chose."""
    if name := StartState.inner(folder).content:
        go_to(folder / name)


def go_to(folder: Path) -> None:
    """Look through a folder."""
    StartState.recall().browsed = str(folder)


def make_dataset(parent: Path) -> None:
    """Make the folder that a person named, and open it; store the error message if that fails."""
    state, name = StartState.recall(), StartState.new_folder.content.strip()
    try:
        refuse_if_read_only()
        check_allowed(parent)
        if not name or Path(name).name != name or name in (".", ".."):
            raise CoveyError("Type a name for the new folder, without / in it.")
        make_folder(parent / name)
    except CoveyError as error:
        state.problem = str(error)
        return
    state.browsed = str(parent / name)
    StartState.new_folder.set("")
    open_dataset(str(parent / name))


def choose_elsewhere() -> None:
    """Let a person open a dataset that another storage than that of folders brings here."""
    storages = [storage for storage in registry().of_kind(Kind.STORAGE) if storage.name != LOCAL]
    for storage in storages:
        widget = StartState.storage(storage.name)
        st.text_input(
            f"{storage.name.capitalize()}",
            placeholder=storage.cls.place_hint if issubclass(storage.cls, Storage) else "",
            help=storage.summary,
            key=widget.key,
            on_change=open_elsewhere,
            args=(storage.name,),
        )
    st.caption("A dataset is brought to this machine once, and then opened from here, without a token too.")
    for storage in storages:
        offer_token(storage)


def offer_token(registered: Registered) -> None:
    """Let a person keep the token that the service of a storage asks for."""
    storage = registered.cls
    if registered.missing or not issubclass(storage, Storage) or not storage.token_hint:
        return
    st.text_input(
        f"Your token of {registered.name.capitalize()}",
        type="password",
        help=storage.token_hint,
        key=StartState.token(registered.name).key,
    )
    st.caption(storage.token_hint)
    st.button("Keep this token", on_click=keep_token, args=(storage,))


def keep_token(storage: type[Storage]) -> None:
    """Keep the token that a person typed, and forget it here; store the error message if that fails."""
    field = StartState.token(storage.name)
    secret = field.content.strip()
    field.set("")
    try:
        refuse_if_read_only()
        storage.store_token(secret)
    except CoveyError as error:
        StartState.recall().problem = str(error)


def open_elsewhere(storage: str) -> None:
    """Open a dataset of a storage, by what a person typed."""
    place = clean_path(StartState.storage(storage).content).removeprefix(f"{storage}:")
    open_dataset(f"{storage}:{place}" if place else "")


def open_typed_dataset() -> None:
    """Open the dataset that a person typed."""
    open_dataset(clean_path(StartState.location.content))


def open_recent_dataset() -> None:
    """Open the dataset that a person chose from the list."""
    open_dataset(StartState.recent.content or "")


def open_dataset(location: str) -> None:
    """Open a dataset; store the error message if that fails."""
    try:
        if location:
            show_dataset(location)
    except CoveyError as error:
        StartState.recall().problem = str(error)


def clean_path(text: str) -> str:
    """Return a path as it was meant: without blanks and quotation marks around it, with ~ as the home folder."""
    path = text.strip()
    for quote in ('"', "'"):
        if len(path) > 1 and path.startswith(quote) and path.endswith(quote):
            path = path[1:-1].strip()
    return str(Path(path).expanduser()) if path.startswith("~") else path
