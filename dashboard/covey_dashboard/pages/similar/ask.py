"""What a person searches for: the fields for it."""

from __future__ import annotations

from pathlib import PurePath

import streamlit as st

from covey import Features
from covey.frontend import Entry, count_noun
from covey_dashboard.data.similar.search import LikePicture, LikeSound, LikeWords, Query, reads_text
from covey_dashboard.server.read_only import is_read_only
from covey_dashboard.server.recording_audio import is_installed
from covey_dashboard.state import SimilarState
from covey_dashboard.widgets.messages import show_hint

IMAGES, SOUND, PICTURE, WORDS = "Images", "A sound", "A picture", "Words"
SOUND_ENDINGS = ["wav", "flac", "ogg", "mp3", "opus", "aif", "aiff"]
PICTURE_ENDINGS = ["png", "jpg", "jpeg", "tif", "tiff", "webp", "bmp"]
RATE = 48_000
"""Hz at which the microphone is recorded."""


def list_ways(location: str, entry: Entry[Features]) -> list[str]:
    """Return what can be searched for by some features; visitors can only compare images."""
    if is_read_only() or entry.provenance is None or entry.provenance.joined or entry.provenance.is_foreign:
        return [IMAGES]
    listens = entry.provenance.is_heard
    return [
        IMAGES,
        *([SOUND] if is_installed() else []),
        *([] if listens else [PICTURE]),
        *([WORDS] if reads_text(location, entry) else []),
    ]


def ask_query(ways: list[str], state: SimilarState) -> Query | None:
    """Return what a person searches for; None as long as there is nothing."""
    if state.next_way:
        state.way.set(state.next_way)
        state.next_way = ""
    if state.way.is_known and state.way.content not in ways:
        state.way.set(IMAGES)
    way = st.radio("Find images like", ways, key=state.way.key)
    if len(ways) == 1 and not is_read_only():
        show_hint("What made these features is not known here: only images can be compared by them.")
    if way == SOUND:
        return ask_sound(state)
    if way == PICTURE:
        return ask_picture(state)
    if way == WORDS:
        text = st.text_input("Words", key=state.text.key, placeholder="such as: a high whistle").strip()
        return LikeWords(text) if text else None
    if state.images and st.button(f"Forget {count_noun(len(state.images.names), 'image')}", key=state.forget_key):
        state.images = None
    return state.images


def ask_sound(state: SimilarState) -> Query | None:
    """Return a sound that a person uploads or records, the last of them."""
    upload = st.file_uploader("Sound file", SOUND_ENDINGS, key=state.sound_key)
    recording = st.audio_input("or record it", sample_rate=RATE, key=state.microphone_key)
    file = upload or recording
    if file is None:
        return None
    if upload:
        st.audio(upload)
    return LikeSound(file.getvalue(), PurePath(file.name).suffix.lower() or ".wav")


def ask_picture(state: SimilarState) -> Query | None:
    """Return a picture that a person uploads."""
    st.caption("It should be a spectrogram drawn as those of the dataset: the network compares pictures.")
    upload = st.file_uploader("Picture", PICTURE_ENDINGS, key=state.picture_key)
    return LikePicture(upload.getvalue(), PurePath(upload.name).suffix.lower()) if upload else None
