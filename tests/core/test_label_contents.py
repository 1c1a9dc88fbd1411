"""Labels hold on to what was labelled: a label counts only while its image has the same content."""

from __future__ import annotations

import base64
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import wave
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from covey.commands.main import main
from covey.data.catalogue.catalogue import Catalogue
from covey.data.folder import FolderDataset
from covey.labelling import NOTHING_THERE, Labelled, LabelStore, open_labels, open_labels_read_only
from covey.labelling.label_tables import long_table
from covey.labelling.reattach_labels import confirm_labels, plan_confirmation

FORMAT_1 = (
    "c-rmVO-~y~7zgm#T^qj;I#DZRA%r?9jqHs~WE)5W5>0_@i3^y<F`{YJqP4w%6?+%#1%h&+Bt7&C^wfNUo~lY!r5<`|ze9Uy8|B>O"
    "*c^K4?CiR>;}>WYDFXd}!n@<0dG_UD$1vWteCy^?$u`)ARjueY8z<+9B$4+RBZT<*BTO0s{NZbQE_n}9u=Wl}XMS?IAPvxONGSL{"
    "q2E!39uEBQ+OOyC_wR%gd=UTu0Kf?y?S}%9ix;IYlD3{N8)ZFjl-CPey1Cg>4$o(`*__65vvW%tYp!9jF!SgIyJVRxoylnnT9##2"
    "axAmDw8XO7`&w4Z%xky2Ch`A5HcNX(hlu$b+WaDm)oWQS5obwNZNwGIdac$L*QhU5biQl7_C&O31n_^^a@t3^4y)R-_PbSmm`yLw"
    "W^c1a?KX>fhvptq+}*>tyBSqPsBA5ryRovGW7(Cp^!1~6gCg?}u8GWx_Fhh#%b}LcH`lzH%$JHi(r)S%qg%2HR@vIEzDO!d#m)(&"
    "fk0$vNV<O@66glG(_l-|yzIm}9YfQ0yPpj8tk?(JhP4sXZI#WisBPS}qfMEyt#YwvoYSCVWX;xXqjRWR<@_R|MawjzaTeV*>!o7V"
    "+TJ#bQPs=OQK~NxiA1Ca^Nr3dCV}?u+mw#ZovHccaZl!#*Sk)Z(6*lUTo|wK7}s(x9p4W}d~VW)8vRgA{OvvOf1E?@U4gA;(l=MN"
    "=MKVY*Ek9`o4L-)hPi2Pc{OudZcWoNEGeoc6A86<m#VMct6NxFnPbt>Yl6G_+HSsPSG@*tmQqEm+wjsSpC!ho^s$XkFGam<ss6sm"
    "Ohh6jvuNC{?UeZ-cU|ALE%AKaeL+f!S>HWbWb*S>kx7wqF;QAF>7G5YE(v_W#Hp&P^x99c(e<R5IYaND^T%&d>WhqwNO#2UR*k(<"
    "jlWLR=W@$V*O#)Gxm(E_)wZ)=9dHKm^dG{1000000002s>`^3H@;l>yh5kwC-}Em&0{{R30001h)2Cli$jGK;8ke`t&7iE1NM4jA"
    "UecXXSd9N45&Dci;WGdL00000062xtDI-#S{I7(Rh$P1Ua!`qc#Q5L2{x8$t34O{Z000000001R`cT<N28Y+GhB=y_NEH)_^OBE5"
    "hO1V-WR4~h?_AAKgvI#(sWbk6hJ*nC000000GtIuWl(b74iMM>#oGYR_}@qG5&DS!L?7}3000000002IOc(r;G&v+IsYL3^STZ@5"
    "x{^zdPmf=no|yW0+o;wo(`zAjZ^8T_r$zS$Z~8-_$)WD`17iH&Pw3C|OZovX000000001-Z8JVUnM`*aD?dK`T3juEeE5*r`W?e$"
    "8&#{qlJ2(xx?gQMqww(M!7kzZRYOGcnO-r9%(fU`y5=r*!lz^&t{oTde#0pbPPv<|Iib@M4_z2MZpS;uy4U}|CG-jXjsC(500000"
    "0002+>b=n?g`~k@MQ-|7KVKFU%l2EAIql@;Wv};zLZSB0|NH4Op?}aH=~r}z7XbhO00000pqJ5r6m;&#_w~3T|Lp)Dmy5glm6J5;"
    "v8J~Id^F$t?*9u;lb-kg{|ne0=i~"
)
"""A label file written by the covey of commit 6568285: zlib, base85."""

FORMAT_2 = (
    "c-rmV+i%-c90zbamnJC$PoOHQri!x_)MiR2+qq8~qwBn`m!+&rRmKFxj-57IVt0<SZsLKl3x5JnO#A`7fDl502cCH0A3!{S(B9cA"
    "4?Mu}ak3;$;%-oB+VuUXu^pdF?BB6ZdJ;#zd}+1j7^G_14b>rO?g+>8+}nh392cgKajq*uAEBP-JbeV*g^G3K7B^g&J6Yl5!k1iZ"
    ">>p0}CjPT<`{j@0U%a#&`#yS$t^xo6coy#L#UhC}-{kL0j;hs-x~duVt;&vSZuc#ZFRUx`WrdXI&#o$@H-*fOlQy;D)GU)MmCDMZ"
    "vQA2CWm4K$T_x+vd1YNGEhv}USyGRSY}alWLrN@MP!?9mY$uh>iYX!`lihNay4q|Gl<TI~8Y<m1zb#=ox&`Qae_46AJfx}}Yj0H2"
    "JL^jq=hv^073B(<ZSR`5ODS&)Q{KxYS&1asTq<8!+bEOuwauk-cixJ!$lp7|BG2--W7@kM>x+DE%Cm`lP4@}AsWyyJ!Kzqwt7ZR}"
    "P}cOJ0lXWJL=uye{QVXSpjXJ7M*D)+j?V0`edu}J(Fa2(D$cE4!>Z1zPLiA^Gmdf7ndym)W7T!va&Cs9C7X`w7{iNtNp3^T=$2{B"
    "q{vLm>@4ZFwYzKRGrjGjwwxWy_TPS%W%!mD&88bGzvAsYJ>|XDxg(E75{U$VZ=u_jut{XF^XO@e;iq!%q3fMWhj(s2S#u7Y_xp;`"
    "^r7YYj^u-TfvJ!ew8?HSz$W3r^ZqH0;K37-Y?PKRZ7BP8!p+y+3o>6iN9u;T?d-Hu&MM_iMJW-9C1pi1>3>3Zs&A()uCARWGt*}n"
    "uli<7YdUs2LyE{rR@TdS;_3(DTv45?zJH=~P$k1-iPH(5tC_lSvw6Kv$7);j__f&cEw4M2*lg@>I>18tslr0ZV$LSPzEFCH&;JUg"
    "Ukv*KWIBfFfAF>Q3@uN0s?{*`k)3omeXyIhjf!RKHFMkd)gR{?)h*f1R>SXoR&Uv=+qwGZY9D$mQmIZ@It?83Yhcz`TN0bOL+_~j"
    "Kg$X~mYAC2ud!yfjT<$$JL=2>eU05&OJBRy&<uNEBa?A=ATRvQ(LVqH000000C@2P`2Zhw$Nxd0#0g&sAJQ2B0000000125NHEGx"
    "#iQ|PblWnGle^}2DG=ilpRiS$`#h^lMNJY#$tb89xtPzW#k^{0xooZ?7wPkKPSp#QbTyN!q>a2()HCT^RnjwhPAwE=%_#AY>r>tO"
    "3b|Y%rxy)P6ti+RugmGYrlqw)R!d9iOhKm=W%Id0MJ&i#R+lAFmu0P5EUH@G$ZAz>oQ?mla>BPljm`i7000000O0AwLsN0S^Ep6p"
    "B}|9y{GogX5LkBWiXF=M-~IkSApFJ&kLUyd00000005ppLLkIV9Nn}Hb6U&Dx+osuLtNshZD}=gS`_mIEi=x>|Bu}9|6d3g00000"
    "006*?AR3(D-H!tT(O@FRJ_c~d{~_TcPWVIkQFuTX000000002sFdYl?e0DMrltno=CrNX1t}GQ#Wpk&}x%YMryJ?y29D&g}NI2%^"
    "7@gtua4eRc9G&i7{~vng7f$$2u!L#4000000002+{8$b}xa`v8bbQ#z_u=i&*>~R$Z$BW8dd)CN)wUW$^6ri3-CuOxG>LLkZS2;K"
    "<shx=;>5_h_H2VyMQ5seKSIYMbnT|Mc3)lR1GFyX;JUmU(9)V@Z=;&~>RIGzJ&O|u@83ZcdEftk%?W=BzY0Im1poj500000c=lc!"
    "<7529(O{tGXZ>_tl&#zATj%Br^sak#EEbCm{{BDg-v94+;RoR};X3XC2mk;80001RkmC_P>RxXj8hye28xcA#XIJ$HpCpsdrTxbv"
    "bTsdO_5U$9i|_US{{ryHw>b"
)
"""A label file written by the covey of commit 934a5c2: zlib, base85."""


def draw(path: Path, shade: int) -> None:
    """Write an image whose content follows from the shade."""
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name("new.tmp")
    Image.fromarray(np.full((4, 4), shade, dtype=np.uint8)).save(temporary, format="PNG")
    temporary.replace(path)


def hash_image(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


@pytest.fixture
def birds(tmp_path: Path) -> Path:
    folder = tmp_path / "birds"
    folder.mkdir()
    for shade, name in enumerate(("a.png", "b.png")):
        draw(folder / "images" / name, shade)
    return folder


@pytest.fixture
def store(birds: Path) -> LabelStore:
    return open_labels(FolderDataset(birds))


def write_old_labels(folder: Path, text: str = FORMAT_1) -> bytes:
    contents = zlib.decompress(base64.b85decode(text))
    (folder / "labels.sqlite").write_bytes(contents)
    return contents


def test_a_label_of_a_replaced_image_is_not_counted_nor_exported(birds: Path, store: LabelStore) -> None:
    store.add(["a.png", "b.png"], "robin")
    draw(birds / "images" / "a.png", 9)
    assert store.by_image() == {"b.png": ("robin",)}
    assert [label_class.count for label_class in store.classes()] == [1]
    assert store.images("robin") == ["b.png"]
    assert b"a.png" not in long_table(store)
    assert [row.filename for row in store.out_of_date()] == ["a.png"]
    draw(birds / "images" / "a.png", 0)
    assert store.images("robin") == ["a.png", "b.png"]


def test_a_replaced_image_can_be_labelled_again_and_that_undone(birds: Path, store: LabelStore) -> None:
    store.add(["a.png"], "robin")
    draw(birds / "images" / "a.png", 9)
    assert store.add(["a.png"], "robin") is not None
    assert store.by_image() == {"a.png": ("robin",)}
    store.undo()
    assert store.by_image() == {}
    draw(birds / "images" / "a.png", 0)
    assert store.by_image() == {"a.png": ("robin",)}


def test_swapped_images_lose_their_labels_until_they_are_swapped_back(birds: Path, store: LabelStore) -> None:
    store.add(["a.png"], "robin")
    draw(birds / "images" / "a.png", 1)
    draw(birds / "images" / "b.png", 0)
    assert store.by_image() == {}


def test_info_and_check_name_labels_that_are_out_of_date_or_orphaned(birds: Path, store: LabelStore) -> None:
    store.add(["a.png", "b.png"], "robin")
    assert run("labels", "check", str(birds)).exit_code == 0
    draw(birds / "images" / "a.png", 9)
    assert "the labels of 1 image whose content has changed since (a.png)" in run("info", str(birds)).stdout
    outcome = run("labels", "check", str(birds))
    assert outcome.exit_code == 1
    assert "1 label out of date, and not counted" in outcome.stdout
    assert "Of 2 labels 1 belong" in outcome.stdout
    draw(birds / "images" / "a.png", 0)
    (birds / "images" / "b.png").unlink()
    outcome = run("labels", "check", str(birds))
    assert outcome.exit_code == 1
    assert "1 label without their image:\n  b.png: robin" in outcome.stdout


def test_labels_of_renamed_images_move_with_their_content(birds: Path, store: LabelStore) -> None:
    store.add(["a.png"], "robin")
    (birds / "images" / "a.png").rename(birds / "images" / "c.png")
    store.move({"a.png": "c.png"})
    assert store.by_image() == {"c.png": ("robin",)}
    draw(birds / "images" / "c.png", 9)
    assert store.by_image() == {}


def test_the_catalogue_saves_reading_the_images(birds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = FolderDataset(birds).images
    assert images is not None
    time.sleep(2.1)  # what was just written is read again the next time
    Catalogue(images).refresh()
    monkeypatch.setattr("covey.data.image_contents._hash_stamped", lambda path, stamp: pytest.fail("read"))
    contents = FolderDataset(birds).image_contents(["a.png", "../labels.sqlite", "no.png"])
    assert contents == {"a.png": hash_image(birds / "images" / "a.png")}


@pytest.mark.parametrize("seed", range(8))
def test_no_label_ever_counts_on_other_content(birds: Path, store: LabelStore, seed: int) -> None:
    rng, names = random.Random(seed), ["a.png", "b.png", "c.png"]
    given: dict[str, set[str]] = {}

    def step() -> None:
        name, path = rng.choice(names), birds / "images" / rng.choice(names)
        target = birds / "images" / name
        action = rng.choice(["label", "label", "replace", "delete", "rename", "move", "remake", "undo"])
        if action == "label" and target.exists():
            content = hash_image(target)
            given.setdefault(content, set()).add(f"class {content[:8]}")
            store.add([name], f"class {content[:8]}")
        elif action == "replace":
            draw(target, rng.randrange(4))
        elif action == "delete" and path.exists():
            path.unlink()
        elif action in ("rename", "move") and path.exists():
            path.replace(target)
            if action == "move" and path != target:
                store.move({path.name: name})
        elif action == "remake":
            shutil.rmtree(birds / "images")
            for shade, made in enumerate(rng.sample(names, 2)):
                draw(birds / "images" / made, shade)
        elif action == "undo":
            store.undo()

    for _ in range(40):
        step()
        assert store.classes_of([*names, "d.png"]) == store.by_image()
        for name, classes in store.by_image().items():
            image = birds / "images" / name
            if image.exists():
                assert set(classes) <= given[hash_image(image)]


@pytest.mark.parametrize("text", [FORMAT_1, FORMAT_2])
def test_an_old_file_is_read_unchanged(birds: Path, text: str) -> None:
    contents = write_old_labels(birds, text)
    labels = open_labels_read_only(FolderDataset(birds))
    assert labels.by_image() == {"a.png": ("robin",), "b.png": ("robin", "Wren"), "gone.png": ("Wren",)}
    assert [action.undone for action in labels.history(9)] == [True, False, False, False]
    assert run("info", str(birds)).exit_code == 0
    assert (birds / "labels.sqlite").read_bytes() == contents
    assert [path.name for path in (birds / ".covey").iterdir()] == ["catalogue"]


@pytest.mark.parametrize("text", [FORMAT_1, FORMAT_2])
def test_an_old_file_is_upgraded_at_the_first_change_after_its_backup(birds: Path, text: str) -> None:
    contents = write_old_labels(birds, text)
    labels = open_labels(FolderDataset(birds))
    labels.add(["a.png"], "wader")
    backup = next((birds / ".covey" / "labels").iterdir())
    assert LabelStore(backup, writable=False).by_image() == {
        "a.png": ("robin",), "b.png": ("robin", "Wren"), "gone.png": ("Wren",)
    }  # fmt: skip
    assert backup.read_bytes() == contents
    assert {row.content for row in labels.all_rows() if row.filename == "b.png"} == {
        hash_image(birds / "images" / "b.png")
    }
    draw(birds / "images" / "b.png", 9)
    assert labels.by_image() == {"a.png": ("robin", "wader"), "gone.png": ("Wren",)}
    while labels.undo():
        pass
    assert labels.all_rows() == []
    while labels.redo():
        pass
    assert labels.by_image() == {"a.png": ("robin", "wader"), "gone.png": ("Wren",)}


UPGRADE = """
import sys
from pathlib import Path
from covey.labelling import LabelStore
print("ready", flush=True)
LabelStore(Path(sys.argv[1])).add(["a.png"], "wader")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills with a signal")
def test_a_writer_that_is_killed_during_the_upgrade_leaves_the_old_labels_or_the_new(birds: Path) -> None:
    rng, paths = random.Random(3), {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    old = {"a.png": ("robin",), "b.png": ("robin", "Wren"), "gone.png": ("Wren",)}
    for _ in range(8):
        write_old_labels(birds)
        with subprocess.Popen(
            [sys.executable, "-c", UPGRADE, str(birds / "labels.sqlite")], stdout=subprocess.PIPE, env=paths
        ) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            try:
                writer.wait(rng.random() * 0.05)
            except subprocess.TimeoutExpired:
                writer.send_signal(signal.SIGKILL)
        assert open_labels_read_only(FolderDataset(birds)).by_image() in (old, {**old, "a.png": ("robin", "wader")})
        open_labels(FolderDataset(birds)).add(["z.png"], "wader")
        (birds / "labels.sqlite").unlink()


def test_the_history_says_who_it_was(store: LabelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVEY_USER", "Ann Example")
    store.add(["a.png"], "robin")
    monkeypatch.setenv("COVEY_USER", "Bob")
    store.add(["b.png"], "robin")
    assert [action.author for action in store.history(9)] == ["Bob", "Ann Example"]


def test_labels_of_swapped_and_renamed_images_are_attached_again(birds: Path, store: LabelStore) -> None:
    images = birds / "images"
    draw(images / "c.png", 2)
    store.add(["a.png", "b.png"], "robin")
    store.add(["a.png"], "wader")
    store.add(["c.png"], "wren")
    draw(images / "a.png", 1)
    draw(images / "b.png", 0)
    (images / "c.png").rename(images / "d.png")
    store.add(["a.png"], "robin")
    before, contents = store.all_rows(), store.path.read_bytes()
    outcome = run("labels", "reattach", str(birds), "--dry-run")
    assert "a.png: wader -> b.png" in outcome.stdout
    assert "Of 4 labels without their image 4 used. Nothing was changed." in outcome.stdout
    assert store.path.read_bytes() == contents
    assert run("labels", "reattach", str(birds)).exit_code == 0
    assert store.by_image() == {"a.png": ("robin",), "b.png": ("robin", "wader"), "d.png": ("wren",)}
    assert run("labels", "check", str(birds)).exit_code == 0
    assert "Of 0 labels" in run("labels", "reattach", str(birds)).stdout
    store.undo()
    assert store.all_rows() == before


def test_what_is_empty_follows_its_image(birds: Path, store: LabelStore) -> None:
    store.give([], str, [Labelled("a.png", NOTHING_THERE, "", "person")])
    (birds / "images" / "a.png").rename(birds / "images" / "c.png")
    assert "  a.png: nothing there" in run("labels", "check", str(birds)).stdout
    assert "a.png: nothing there -> c.png" in run("labels", "reattach", str(birds)).stdout
    assert [row.filename for row in store.absences()] == ["c.png"]
    store.undo()
    assert [row.filename for row in store.absences()] == ["a.png"]
    store.drop_rows(store.orphaned())
    assert store.all_rows() == []


def test_labels_that_fit_no_image_or_several_are_named(birds: Path, store: LabelStore) -> None:
    store.add(["a.png", "b.png", "gone.png"], "robin")
    draw(birds / "images" / "a.png", 7)
    draw(birds / "images" / "b.png", 8)
    for name in ("copy 1.png", "copy 2.png"):
        draw(birds / "images" / name, 0)
    outcome = run("labels", "reattach", str(birds))
    assert "Of 3 labels without their image 0 used" in outcome.stdout
    assert "1 that fit several images (a.png)" in outcome.stdout
    assert "1 whose content and clip no image has (b.png)" in outcome.stdout
    assert "1 of unknown content (gone.png)" in outcome.stdout


def test_a_person_confirms_labels_for_the_contents_that_were_looked_at(birds: Path, store: LabelStore) -> None:
    store.add(["a.png", "b.png", "gone.png"], "robin", how="import of x.csv")
    for shade, name in ((7, "a.png"), (8, "b.png")):
        draw(birds / "images" / name, shade)
    moves = plan_confirmation(store, [*store.out_of_date(), *store.orphaned()])
    draw(birds / "images" / "b.png", 9)
    before = store.all_rows()
    confirm_labels(store, moves)
    assert [row.filename for row in store.out_of_date()] == ["b.png"]
    assert {row.how for row in store.rows() if row.filename == "a.png"} == {"person"}
    assert store.by_image() == {"a.png": ("robin",), "gone.png": ("robin",)}
    store.undo()
    assert store.all_rows() == before


def test_only_the_label_on_the_old_content_is_dropped(birds: Path, store: LabelStore) -> None:
    store.add(["a.png", "b.png"], "robin")
    draw(birds / "images" / "a.png", 7)
    store.add(["a.png"], "robin")
    before = store.all_rows()
    assert store.drop_rows(store.out_of_date()) is not None
    assert store.by_image() == {"a.png": ("robin",), "b.png": ("robin",)}
    assert store.out_of_date() == []
    assert store.drop_rows([]) is None
    store.undo()
    assert store.all_rows() == before


def test_the_fingerprint_tells_labelled_images_that_change(birds: Path, store: LabelStore) -> None:
    draw(birds / "images" / "c.png", 2)
    store.add(["a.png", "b.png"], "robin")
    version, fingerprint = store.version, store.fingerprint()
    draw(birds / "images" / "c.png", 5)
    assert store.fingerprint() == fingerprint
    draw(birds / "images" / "a.png", 9)
    changed = store.fingerprint()
    (birds / "images" / "b.png").unlink()
    assert len({fingerprint, changed, store.fingerprint()}) == 3
    assert store.version == version
    draw(birds / "images" / "a.png", 0)
    draw(birds / "images" / "b.png", 1)
    assert store.fingerprint() == fingerprint


def test_another_label_file_of_the_same_revision_size_and_time_has_another_version(
    birds: Path, tmp_path: Path, store: LabelStore
) -> None:
    elsewhere = LabelStore(tmp_path / "labels.sqlite")
    store.add(["a.png"], "robin")
    elsewhere.add(["a.png"], "wrens")
    status, version, revision = store.path.stat(), store.version, store.revision
    assert (elsewhere.revision, elsewhere.path.stat().st_size) == (revision, status.st_size)
    os.utime(elsewhere.path, ns=(status.st_atime_ns, status.st_mtime_ns))
    elsewhere.path.replace(store.path)
    assert store.version != version
    store.add(["b.png"], "wrens")
    assert store.version != version


@pytest.fixture
def cut(tmp_path: Path) -> Callable[..., LabelStore]:
    """Make the images of two recordings anew; return the labels."""
    recordings, dataset = tmp_path / "recordings", tmp_path / "cut"
    recordings.mkdir()
    for seed, name in enumerate(("a.wav", "b.wav")):
        write_noise(recordings / name, seed)

    def cut_again(*flags: str) -> LabelStore:
        shutil.rmtree(dataset / "images", ignore_errors=True)
        outcome = run("spectrograms", str(recordings), str(dataset), *flags)
        assert outcome.exit_code == 0, outcome.stderr
        return open_labels(FolderDataset(dataset))

    return cut_again


def write_noise(path: Path, seed: int) -> None:
    samples = np.random.default_rng(seed).integers(-9000, 9000, 5 * 22050, dtype=np.int16)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(22050)
        sound.writeframes(samples.tobytes())


def test_labels_follow_their_clip_into_images_of_another_length(cut: Callable[..., LabelStore]) -> None:
    labels = cut("--segment", "0.4")
    labels.add(["a_segm_0000.000.png"], "robin")
    labels.add(["b_segm_0002.560.png"], "wren")
    cut("--segment", "1.0")
    assert "a_segm_0000.000.png" not in labels.by_image()
    outcome = run("labels", "reattach", str(labels.path.parent))
    assert "Of 2 labels without their image 2 used" in outcome.stdout
    assert labels.by_image() == {"a_segm_0000.000.png": ("robin",), "b_segm_0002.400.png": ("wren",)}
    assert run("labels", "check", str(labels.path.parent)).exit_code == 0


def test_labels_stay_off_a_recording_of_other_content(cut: Callable[..., LabelStore], tmp_path: Path) -> None:
    labels = cut("--segment", "0.4")
    labels.add(["a_segm_0000.000.png", "b_segm_0000.000.png"], "robin")
    write_noise(tmp_path / "recordings" / "a.wav", 7)
    cut("--segment", "1.0")
    outcome = run("labels", "reattach", str(labels.path.parent))
    assert "1 whose content and clip no image has (a_segm_0000.000.png)" in outcome.stdout
    assert labels.by_image() == {"b_segm_0000.000.png": ("robin",)}


def test_labels_stay_off_pieces_that_show_less_than_half_of_their_clip(cut: Callable[..., LabelStore]) -> None:
    labels = cut("--segment", "1.0")
    labels.add(["a_segm_0000.000.png", "b_segm_0000.000.png"], "robin")
    cut("--segment", "0.4")
    outcome = run("labels", "reattach", str(labels.path.parent))
    assert "2 whose content and clip no image has (a_segm_0000.000.png, b_segm_0000.000.png)" in outcome.stdout
    assert labels.by_image() == {}
