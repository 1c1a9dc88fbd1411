"""The script of a component is one text, though it is written in modules."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.dashboard.browser import open_tab

from covey_dashboard.browser import browser_component
from covey_dashboard.browser.browser_component import join_modules

BROWSER = Path(browser_component.__file__).parent
OVERTAKE = """async (script) => {
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { default: show } = await import(address);
  const place = document.body.appendChild(document.createElement("div"));
  const group = { number: 0, title: "Group 0", colour: "red", facts: [], examples: [], label: "", note: "" };
  const data = { view: "groups", images: "", groups: [group], classes: [], names: "", answered: 0 };
  const endOvertaken = show({ data, parentElement: place });
  place.querySelector("input").value = "typed";
  const end = show({ data, parentElement: place });
  endOvertaken();
  const kept = place.querySelector("input")?.value;
  place.remove();
  end();
  return [kept, place.childElementCount];
}"""
"""Ends, as Streamlit does it, a first content that a second one overtook; then takes the element away, and ends both.

Returns what stands in the field of the sheet of groups meanwhile, and how much of the sheet is there afterwards."""

OLD_ANSWER = """async (script) => {
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const { default: show } = await import(address);
  const place = document.body.appendChild(document.createElement("div"));
  const group = { number: 5, title: "Group 5", colour: "red", facts: [], examples: [], label: "", note: "" };
  const data = { view: "groups", images: "", groups: [group], classes: [], names: "/", answered: 0 };
  let sent;
  window.fetch = async (_address, { body }) => {
    sent = JSON.parse(body).at(-1);
    const groups = [{ ...group, label: sent.name, note: `All: ${sent.name}` }];
    return new Response(JSON.stringify({ answered: sent.id, groups, classes: [] }));
  };
  const followed = new Promise((resolve) => {
    show({ data, parentElement: place, setStateValue: (_name, number) => resolve(number) });
  });
  const input = place.querySelector("input");
  input.focus();
  input.value = "robin";
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
  const isSame = (await followed) === sent.id;
  const note = place.querySelector(".note");
  show({ data, parentElement: place, setStateValue() {} });
  const afterOld = [input.value, note.textContent];
  const newer = { ...data, groups: [{ ...group, label: "wren", note: "All: wren" }], answered: sent.id };
  show({ data: newer, parentElement: place, setStateValue() {} });
  return [sent.group, isSame, ...afterOld, input.value, note.textContent];
}"""
"""Names a group, then shows what Python knew before that name arrived, then what it knew afterwards."""


@pytest.mark.parametrize("name", ["map", "gallery", "profile"])
def test_the_script_of_a_component_is_valid_and_imports_nothing(name: str, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = join_modules(BROWSER / name / f"{name}.js")
    assert "\nimport " not in script
    assert script.count("\nexport ") == script.count("\nexport default ") == 1
    joined = tmp_path / "script.mjs"
    joined.write_text(script, "utf-8")
    checked = subprocess.run([node, "--check", str(joined)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr  # also when two modules use one name


def test_a_module_comes_once_and_after_those_that_it_imports(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "numbers.js").write_text("export const ONE = 1;\n")
    (tmp_path / "parts" / "sums.js").write_text('import { ONE } from "./numbers.js";\nexport const TWO = ONE + ONE;\n')
    imports = 'import {\n  ONE,\n  // both\n} from "./parts/numbers.js";\nimport { TWO } from "./parts/sums.js";\n'
    (tmp_path / "main.js").write_text(f"{imports}export default () => ONE + TWO;\n")
    joined = join_modules(tmp_path / "main.js")
    assert joined.split("\n") == [
        "const ONE = 1;",
        "",
        "const TWO = ONE + ONE;",
        "",
        "export default () => ONE + TWO;",
        "",
    ]


def test_content_that_was_overtaken_takes_nothing_with_it(chromium: Browser) -> None:
    page = open_tab(chromium)
    assert page.evaluate(OVERTAKE, join_modules(BROWSER / "group_sheet" / "group_sheet.js")) == ["typed", 0]
    page.close()


def test_a_sheet_from_before_a_name_arrived_does_not_take_it_back(chromium: Browser) -> None:
    page = open_tab(chromium)
    page.goto("data:text/html,<body></body>")
    seen = page.evaluate(OLD_ANSWER, join_modules(BROWSER / "group_sheet" / "group_sheet.js"))
    assert seen == [5, True, "robin", "All: robin", "wren", "All: wren"]
    page.close()


@pytest.mark.parametrize("name", ["class_field", "flow", "gallery", "group_sheet", "map"])
def test_every_component_that_ends_waits_until_its_element_is_gone(name: str) -> None:
    script = (BROWSER / name / f"{name}.js").read_text("utf-8")
    shown = script[script.index("export default") : script.index("\n}\n", script.index("export default"))]
    assert shown.count("return ") == shown.count("return onceGone(parentElement, ") > 0
