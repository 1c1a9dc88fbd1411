"""Whom to thank: licences are read as sources name them, and credits reach the report."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fixture_types import Cli

from covey.data.credits import CreditedRecording, list_credits
from covey.data.licences import read_licence
from covey.data.metadata import Value


@pytest.mark.parametrize(
    ("text", "code", "title"),
    [
        ("//creativecommons.org/licenses/by-nc-sa/4.0/", "CC-BY-NC-SA-4.0", "CC BY-NC-SA 4.0"),
        ("http://creativecommons.org/licenses/by/4.0/legalcode", "CC-BY-4.0", "CC BY 4.0"),
        ("https://creativecommons.org/licenses/by-nc-nd/2.5/ch/", "CC-BY-NC-ND-2.5", "CC BY-NC-ND 2.5"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0", "CC0 1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/deed.en", "PDM-1.0", "Public Domain Mark 1.0"),
        ("cc-by-nc", "CC-BY-NC", "CC BY-NC"),
        ("cc0", "CC0", "CC0"),
        ("CC BY-SA 4.0", "CC-BY-SA-4.0", "CC BY-SA 4.0"),
        ("All rights reserved", "All rights reserved", "All rights reserved"),
        ("//creativecommons.org/licenses/everything/4.0/", "//creativecommons.org/licenses/everything/4.0/",
         "//creativecommons.org/licenses/everything/4.0/"),
        ("", "", ""),
    ],
)  # fmt: skip
def test_a_licence_is_read_from_an_address_a_code_or_a_name(text: str, code: str, title: str) -> None:
    licence = read_licence(text)
    assert (licence.code, licence.title) == (code, title)


@pytest.mark.parametrize(
    ("text", "allows_derivatives", "is_open"),
    [
        ("//creativecommons.org/publicdomain/zero/1.0/", True, True),
        ("//creativecommons.org/licenses/by-sa/4.0/", True, True),
        ("//creativecommons.org/licenses/by-nc-sa/4.0/", True, False),
        ("//creativecommons.org/licenses/by-nd/4.0/", False, False),
        ("//creativecommons.org/licenses/by-nd-nc/1.0/", False, False),
        ("cc-by-nc-nd", False, False),
        ("All rights reserved", False, False),
        ("", False, False),
    ],
)
def test_what_is_not_known_to_be_allowed_is_not_allowed(text: str, allows_derivatives: bool, is_open: bool) -> None:
    licence = read_licence(text)
    assert (licence.allows_derivatives, licence.is_open) == (allows_derivatives, is_open)


def test_credits_are_by_licence_and_person_and_say_when_recordings_were_fetched() -> None:
    columns: dict[str, list[Value]] = {
        "rec": ["Ann", "Ann", "Ann", None, "Bob"],
        "lic": ["cc0", "cc0", "cc0", None, None],
        "id": [12345, 12345.0, None, 99999, None],
        "url": [None, None, "https://example.org/observation", None, "javascript:alert(1)"],
        "recording": [None, None, "dawn/wren", None, None],
        "fetched": ["2026-11-26T10:00:00", "2026-11-26T10:00:00", "2026-11-28", None, None],
    }
    bob, ann = list_credits(["a.png", "b.png", "c.png", "d.png", "e.png"], columns)
    assert (ann.licence.title, ann.recordist, ann.describe_fetching()) == (
        "CC0", "Ann", "fetched 2026-11-26 to 2026-11-28"
    )  # fmt: skip
    assert list(ann.recordings) == [
        CreditedRecording("XC12345", "https://xeno-canto.org/12345"),
        CreditedRecording("dawn/wren", "https://example.org/observation"),
    ]
    assert (bob.licence.title, list(bob.recordings)) == ("Licence unknown", [CreditedRecording("e.png")])


def test_a_report_credits_recordists(covey: Cli, images: Path, brightness: None) -> None:
    rows = [f"call_{number:02}.png,{1000 + number},<b>Ann</b>,//creativecommons.org/licenses/by-sa/4.0/,2026-11-26"
            for number in range(24)]  # fmt: skip
    (images / "metadata.csv").write_text("\n".join(["filename,id,rec,lic,fetched", *rows]), "utf-8")
    covey("run", images, "--extractor", "brightness", "--reducer", "pca", "--set", "reducer.sizes=2",
          "--set", "clusterer.min_samples=3")  # fmt: skip
    done = covey("report", images, "-o", images.parent / "report.html")
    assert done.exit_code == 0, done.stderr
    page = (images.parent / "report.html").read_text("utf-8")
    assert "<b>CC BY-SA 4.0</b> https://creativecommons.org/licenses/by-sa/4.0/" in page
    assert "&lt;b&gt;Ann&lt;/b&gt;: XC1000, XC1001, " in page
    assert "XC1023 (fetched 2026-11-26)" in page
