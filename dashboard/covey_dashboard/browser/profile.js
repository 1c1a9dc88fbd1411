// How clusters change along an option, under a slider: that and a click on the curve set the value.

const WIDTH = 300;
const TOP = 14;
const HEIGHT = 88;
const EDGE = 12; // profile.css puts the ends of the slider over it
const LINES = ["clusters", "largest", "noise"];
const NS = "http://www.w3.org/2000/svg";

function draw(parent, name, attributes) {
  const made = document.createElementNS(NS, name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  parent.append(made);
  return made;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const host = parentElement.querySelector(".profile") ?? element(parentElement, "div", "profile");
  const slider = host.querySelector("input") ?? element(host, "input", "");
  host.querySelectorAll("svg, .words").forEach((old) => old.remove());
  const { values, current, plateaus } = data;
  const across = (at) => EDGE + (at / Math.max(1, values.length - 1)) * (WIDTH - 2 * EDGE);
  const down = (share) => TOP + (1 - share) * HEIGHT;
  const svg = draw(host, "svg", {
    viewBox: `0 0 ${WIDTH} ${TOP + HEIGHT + 4}`,
    preserveAspectRatio: "none",
    role: "img",
    "aria-label": `Clusters along ${data.option}`,
  });
  plateaus.forEach(([first, last]) =>
    draw(svg, "rect", {
      class: "plateau",
      x: across(first),
      y: TOP,
      width: across(last) - across(first),
      height: HEIGHT,
    }),
  );
  const most = Math.max(1, ...data.clusters);
  const shares = { ...data, clusters: data.clusters.map((count) => count / most) };
  LINES.forEach((line) => {
    const points = shares[line].map((share, at) => `${across(at)},${down(share)}`).join(" ");
    draw(svg, "polyline", { class: `line ${line}`, points });
  });
  draw(svg, "line", { class: "now", x1: across(current), x2: across(current), y1: TOP - 4, y2: TOP + HEIGHT });
  const under = draw(svg, "line", { class: "under", y1: TOP, y2: TOP + HEIGHT, visibility: "hidden" });
  const words = element(host, "div", "words");
  const tell = (at) => {
    const share = (line) => `${Math.round(100 * data[line][at])} %`;
    words.replaceChildren();
    const parts = {
      at: `at ${values[at]}:`,
      clusters: `${data.clusters[at]} clusters`,
      largest: `largest ${share("largest")}`,
      noise: `noise ${share("noise")}`,
    };
    Object.entries(parts).forEach(([line, text]) => element(words, "span", line, text));
  };
  const look = (at) => {
    under.setAttribute("visibility", "visible");
    ["x1", "x2"].forEach((end) => under.setAttribute(end, across(at)));
    tell(at);
  };
  const nearest = (event) => {
    const box = svg.getBoundingClientRect();
    const share = (((event.clientX - box.left) / box.width) * WIDTH - EDGE) / (WIDTH - 2 * EDGE);
    return Math.min(values.length - 1, Math.max(0, Math.round(share * (values.length - 1))));
  };
  svg.onpointermove = (event) => {
    look(nearest(event));
  };
  svg.onpointerleave = () => {
    under.setAttribute("visibility", "hidden");
    tell(current);
  };
  svg.onclick = (event) => {
    setTriggerValue("set", values[nearest(event)]);
  };
  tell(current);
  Object.assign(slider, { type: "range", min: 0, max: values.length - 1, ariaLabel: data.option });
  const held = slider.matches(":focus") ? values.indexOf(slider.moved) : -1; // it may be further than the answer
  slider.value = held < 0 ? current : held;
  slider.ariaValueText = values[slider.value];
  slider.oninput = () => {
    slider.moved = slider.ariaValueText = values[slider.value];
    look(slider.value);
  };
  slider.onchange = () => {
    setTriggerValue("set", slider.moved);
  };
}
