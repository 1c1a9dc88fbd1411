"""A folder of images: every kind that people have, and every kind of broken one."""

from __future__ import annotations

import os
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps
from tests.fixture_types import Cli

from covey.data.catalogue.catalogue import Catalogue
from covey.data.images import ImageFile, ImageFolder, key_of
from covey.data.picture_decoding import BrokenImage
from covey.testing import tiny_images

RAMP = np.arange(16 * 16, dtype=np.uint8).reshape(16, 16)


def save(path: Path, pixels: NDArray[Any], format: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, format)


def test_names_are_relative_sorted_and_the_same_everywhere(tmp_path: Path) -> None:
    for name in ["b.png", "a/z.PNG", "a/b c/ä.jpeg", "a.jpg", "c.txt", ".hidden/x.png", ".x.png"]:
        save(tmp_path / name, RAMP, format="PNG")
    assert ImageFolder(tmp_path).names() == ["a.jpg", "a/b c/ä.jpeg", "a/z.PNG", "b.png"]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "LA", "1", "I;16"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    grey = Image.fromarray(RAMP)
    picture = Image.fromarray(RAMP.astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
    picture.save(tmp_path / "x.png")
    pixels = ImageFolder(tmp_path).pixels("x.png")
    assert pixels.shape == (16, 16, 3)
    assert pixels.dtype == np.uint8
    expected = np.asarray(grey.convert("1").convert("L")) if mode == "1" else RAMP
    np.testing.assert_array_equal(pixels[..., 1], expected)


def test_a_cmyk_jpeg_becomes_rgb(tmp_path: Path) -> None:
    Image.new("CMYK", (20, 10), (0, 255, 255, 0)).save(tmp_path / "x.jpg")
    assert ImageFolder(tmp_path).pixels("x.jpg")[5, 5].argmax() == 0


def read_images(folder: ImageFolder) -> list[ImageFile]:
    catalogue = Catalogue(folder)
    catalogue.refresh()
    return catalogue.files()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jfif", ".tif", ".TIFF", ".webp", ".bmp"])
def test_every_kind_of_file_is_read(suffix: str, tmp_path: Path) -> None:
    pixels = np.repeat(np.repeat(np.asarray(Image.fromarray(RAMP).convert("RGB")), 8, 0), 8, 1)
    form = {".jfif": "JPEG"}.get(suffix)
    Image.fromarray(pixels).save(tmp_path / f"x{suffix}", form, **({"lossless": True} if suffix == ".webp" else {}))
    folder = ImageFolder(tmp_path)
    assert folder.names() == [f"x{suffix}"]
    (file,) = read_images(folder)
    assert (file.problem, file.height, file.width) == ("", 128, 128)
    assert np.abs(folder.pixels(file.name).astype(int) - pixels).max() <= (9 if "j" in suffix else 0)


QUARTERS = np.repeat(np.repeat(np.array([[0, 80, 160], [200, 230, 255]], np.uint8), 8, 0), 8, 1)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_turned_as_its_file_says(orientation: int, suffix: str, tmp_path: Path) -> None:
    stored = Image.fromarray(QUARTERS).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / f"x{suffix}", exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(with_orientation(stored, orientation)))
    folder = ImageFolder(tmp_path)
    (file,) = read_images(folder)
    assert (file.height, file.width) == expected.shape[:2]
    for pixels in (folder.pixels(file.name), folder.decode(file).pixels):
        assert pixels.shape == expected.shape
        assert np.abs(pixels.astype(int) - expected).mean() < 5


def with_orientation(image: Image.Image, orientation: int) -> Image.Image:
    copy = image.copy()
    copy.getexif()[0x0112] = orientation
    return copy


def test_a_deep_grey_image_is_turned_too(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(QUARTERS.astype(np.uint16) * 257).save(tmp_path / "x.png", exif=exif)
    np.testing.assert_array_equal(ImageFolder(tmp_path).pixels("x.png")[..., 0], np.rot90(QUARTERS, -1))


def draw_image(mode: str, ink: int) -> Image.Image:
    """Return a picture that is in its alpha alone."""
    alpha = Image.fromarray(RAMP)
    layers = [Image.new("L", alpha.size, ink)] * (1 if mode == "LA" else 3)
    return Image.merge(mode, [*layers, alpha])


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_picture_in_its_transparency_is_seen(mode: str, suffix: str, tmp_path: Path) -> None:
    draw_image(mode, 0).save(tmp_path / f"black_ink{suffix}")
    draw_image(mode, 255).save(tmp_path / f"white_ink{suffix}")
    folder = ImageFolder(tmp_path)
    np.testing.assert_array_equal(folder.pixels(f"black_ink{suffix}")[..., 0], 255 - RAMP)
    np.testing.assert_array_equal(folder.pixels(f"white_ink{suffix}")[..., 0], RAMP)


def test_a_transparent_colour_of_a_palette_is_white(tmp_path: Path) -> None:
    Image.fromarray(RAMP).convert("P").save(tmp_path / "x.png", transparency=0)
    assert ImageFolder(tmp_path).pixels("x.png")[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize(("greys", "suffix"), [
    (RAMP.astype(np.uint16), ".png"),
    (RAMP.astype(np.uint16) * 16, ".png"),
    (RAMP.astype(np.uint16) * 257, ".tif"),
    (RAMP.astype(np.int32) * 256, ".tif"),
    (RAMP.astype(np.float32) / 256, ".tif"),
    (RAMP.astype(np.float32) / 4 - 80, ".tif"),
])  # fmt: skip
def test_deep_greys_are_scaled_by_the_range_they_use(greys: NDArray[Any], suffix: str, tmp_path: Path) -> None:
    Image.fromarray(greys).save(tmp_path / f"x{suffix}")
    folder = ImageFolder(tmp_path)
    (file,) = read_images(folder)
    for pixels in (folder.pixels(file.name), folder.decode(file).pixels):
        assert np.abs(pixels[..., 0].astype(int) - RAMP).max() <= 1


def test_deep_greys_that_are_no_numbers_or_all_the_same_are_black(tmp_path: Path) -> None:
    for name, level in (("nan", np.nan), ("zero", 0), ("infinite", np.inf)):
        Image.fromarray(np.full((4, 5), level, np.float32)).save(tmp_path / f"{name}.tif")
    folder = ImageFolder(tmp_path)
    for file in read_images(folder):
        assert (file.problem, file.height, file.width) == ("", 4, 5)
        assert folder.decode(file).pixels.max() == 0


def test_pictures_that_are_not_used_are_counted_and_named(tmp_path: Path, covey: Cli) -> None:
    tiny_images(tmp_path / "images", 3)
    for name in ("images/b.gif", "images/deep/c.ppm", "2024/e.png", "2024/f.png", "cover.jpg", "images/.hidden.gif"):
        save(tmp_path / name, RAMP)
    for words in (["info", tmp_path], ["run", tmp_path, "--dry-run"]):
        done = covey(*words)
        said = done.stdout + done.stderr
        assert "2 files are pictures of a kind that covey does not read" in said
        assert "b.gif, deep/c.ppm." in said
        assert "3 pictures lie outside images, the folder of images, and are not used: 1 in ., 2 in 2024." in said


def test_a_folder_with_unreadable_kinds_alone_says_so(tmp_path: Path, covey: Cli) -> None:
    save(tmp_path / "b.gif", RAMP)
    done = covey("run", tmp_path)
    assert done.exit_code == 2
    assert "1 file is a picture of a kind that covey does not read" in done.stderr


def huge_png(side: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_broken_images_are_named_with_the_reason(tmp_path: Path) -> None:
    save(tmp_path / "good.png", RAMP)
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("I am a text")
    (tmp_path / "huge.png").write_bytes(huge_png(30_000))
    (tmp_path / "large.png").write_bytes(huge_png(9_000))
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png") if hasattr(os, "mkfifo") else None
    files = {file.name: file.problem for file in read_images(ImageFolder(tmp_path))}
    assert files.pop("good.png") == ""
    assert files.pop("empty.png") == "it is empty"
    assert files.pop("text.png") == "it is no PNG, JPEG, TIFF, WebP or BMP image"
    assert "50,000,000" in files.pop("huge.png")
    assert files.pop("large.png") == "it has 9000 x 9000 pixels, more than 50,000,000"
    assert files in ({}, {"pipe.png": "it is not a file"})


def test_a_truncated_image_is_broken(tmp_path: Path) -> None:
    save(tmp_path / "x.png", np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8))
    data = (tmp_path / "x.png").read_bytes()
    (tmp_path / "x.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(BrokenImage):
        ImageFolder(tmp_path).pixels("x.png")


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="links need rights on Windows")
def test_links_never_lead_out_or_around(tmp_path: Path) -> None:
    outside = tmp_path / "outside.png"
    save(outside, RAMP)
    folder = tmp_path / "images"
    save(folder / "good.png", RAMP)
    (folder / "link.png").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    files = {file.name: file.problem for file in read_images(ImageFolder(folder))}
    assert files == {"good.png": "", "link.png": "it lies outside the image folder"}
    with pytest.raises(BrokenImage, match="outside"):
        ImageFolder(folder).pixels("../outside.png")


@pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="links need rights on Windows")
def test_links_that_lead_nowhere_are_broken_images(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    save(folder / "good.png", RAMP)
    (folder / "self.png").symlink_to(folder / "self.png")
    (folder / "ping.png").symlink_to(folder / "pong.png")
    (folder / "pong.png").symlink_to(folder / "ping.png")
    (folder / "gone.png").symlink_to(folder / "nothing.png")
    files = {file.name: file.problem for file in read_images(ImageFolder(folder))}
    assert files.pop("good.png") == ""
    assert files.pop("gone.png") == "No such file or directory"
    assert len(files) == 3
    assert all("loop" in problem or "symbolic links" in problem for problem in files.values())


def test_of_an_animation_the_first_picture_is_taken(tmp_path: Path) -> None:
    pictures = [Image.fromarray(RAMP // step) for step in (1, 2, 3)]
    pictures[0].save(tmp_path / "x.png", save_all=True, append_images=pictures[1:])
    with Image.open(tmp_path / "x.png") as image:
        assert getattr(image, "n_frames", 1) == 3
    np.testing.assert_array_equal(ImageFolder(tmp_path).pixels("x.png")[..., 0], RAMP)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_an_image_that_may_not_be_read_is_told_and_read_once_it_may(tmp_path: Path) -> None:
    save(tmp_path / "x.png", RAMP)
    (tmp_path / "x.png").chmod(0)
    folder = ImageFolder(tmp_path)
    assert read_images(folder)[0].problem == "Permission denied"
    (tmp_path / "x.png").chmod(0o600)
    assert read_images(folder)[0].problem == ""


def test_a_name_as_long_as_the_system_allows(tmp_path: Path) -> None:
    name = "x" * 296 + ".png"
    try:
        save(tmp_path / name, RAMP)
    except OSError:
        name = "x" * 251 + ".png"
        save(tmp_path / name, RAMP)
    assert [file.problem for file in read_images(ImageFolder(tmp_path))] == [""]


@pytest.mark.usefixtures("brightness")
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_no_text_is_reported_and_left_out(
    tmp_path: Path, covey: Cli, caplog: pytest.LogCaptureFixture
) -> None:
    tiny_images(tmp_path / "images", 12)
    (tmp_path / "images" / "image_003.png").rename(os.fsdecode(os.fsencode(tmp_path / "images") + b"/bad\xff.png"))
    done = covey("run", tmp_path, "--extractor", "brightness", "--reducer", "pca", "--clusterer", "kmeans")
    assert done.exit_code == 0
    assert "is left out: its name is no valid UTF-8: rename it." in done.stderr
    assert len((tmp_path / "clusters.csv").read_text("utf-8").splitlines()) == 1 + 11
    assert "bad\\udcff.png is left out" in caplog.text


def test_names_that_people_use(tmp_path: Path) -> None:
    names = ["mésange à tête noire.png", "two\nlines.png", "<b>.png", "x" * 240 + ".png", "'\"&;.png"]
    for name in names if os.name != "nt" else names[:1]:
        save(tmp_path / name, RAMP)
    folder = ImageFolder(tmp_path)
    assert all(folder.pixels(name).shape == (16, 16, 3) for name in folder.names())
    assert all(not file.problem for file in read_images(folder))


def test_the_catalogue_follows_the_files(tmp_path: Path) -> None:
    folder = ImageFolder(tmp_path)
    save(tmp_path / "a.png", RAMP)
    first = read_images(folder)
    assert read_images(folder) == first
    save(tmp_path / "b.png", RAMP)
    second = read_images(folder)
    assert [file.name for file in second] == ["a.png", "b.png"]
    assert key_of(first) != key_of(second)
    save(tmp_path / "a.png", RAMP[::-1])
    os.utime(tmp_path / "a.png", ns=(1, 1))
    assert read_images(folder)[0].content != first[0].content


@pytest.mark.skipif(os.name == "nt", reason="Windows does not keep when a file was changed")
def test_an_image_replaced_by_one_of_the_same_size_and_time_is_read_again(tmp_path: Path) -> None:
    folder = ImageFolder(tmp_path)
    for name, pixels in (("a.bmp", RAMP), ("b.bmp", RAMP[::-1])):
        save(tmp_path / name, pixels)
        os.utime(tmp_path / name, ns=(1, 1))
    first, second = read_images(folder)
    (tmp_path / "b.bmp").replace(tmp_path / "a.bmp")
    (replaced,) = read_images(folder)
    assert (replaced.bytes, replaced.time) == (first.bytes, first.time)
    assert replaced.content == second.content


def test_the_key_follows_content_and_name_alone(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        save(tmp_path / folder / "a.png", RAMP)
    os.utime(tmp_path / "two" / "a.png", ns=(1, 1))
    keys = {key_of(read_images(ImageFolder(tmp_path / name))) for name in ("one", "two")}
    assert len(keys) == 1
