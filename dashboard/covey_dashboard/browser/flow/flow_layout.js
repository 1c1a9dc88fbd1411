// Where the groups of two results stand, and the bands of images between them.

/**
 * @typedef {{ cluster: number, title: string, colour: string }} FlowGroup
 * @typedef {{ left: number, right: number, count: number }} Stream Images that are in one group on each side.
 * @typedef {{ group: FlowGroup, count: number, top: number, height: number }} Bar
 * @typedef {{ stream: Stream, from: number, to: number, thickness: number }} Band From and to: its upper edge.
 * @typedef {{ left: Bar[], right: Bar[], bands: Band[], height: number }} FlowLayout
 */

const GAP = 6;
const LEAST_HEIGHT = 16; // pixels of a bar, so that its name fits

/**
 * Lays out groups, in the order in which they are given, with bars as high as they have images.
 *
 * @param {FlowGroup[]} left
 * @param {FlowGroup[]} right
 * @param {Stream[]} streams
 * @param {number} pixels For all images together.
 * @returns {FlowLayout}
 */
export function layOutFlow(left, right, streams, pixels) {
  const total = Math.max(
    1,
    streams.reduce((sum, { count }) => sum + count, 0),
  );
  const scale = pixels / total;
  const leftBars = stackBars(left, streams, "left", scale);
  const rightBars = stackBars(right, streams, "right", scale);
  const bottoms = [...leftBars, ...rightBars].map(({ top, height }) => top + height);
  return {
    left: leftBars,
    right: rightBars,
    bands: placeBands(leftBars, rightBars, streams, scale),
    height: Math.max(0, ...bottoms),
  };
}

/**
 * @param {FlowGroup[]} groups
 * @param {Stream[]} streams
 * @param {"left" | "right"} side
 * @param {number} scale
 * @returns {Bar[]}
 */
function stackBars(groups, streams, side, scale) {
  let top = 0;
  return groups.map((group) => {
    const own = streams.filter((stream) => stream[side] === group.cluster);
    const count = own.reduce((sum, stream) => sum + stream.count, 0);
    const bar = { group, count, top, height: Math.max(LEAST_HEIGHT, count * scale) };
    top += bar.height + GAP;
    return bar;
  });
}

/**
 * @param {Bar[]} leftBars
 * @param {Bar[]} rightBars
 * @param {Stream[]} streams
 * @param {number} scale
 * @returns {Band[]}
 */
function placeBands(leftBars, rightBars, streams, scale) {
  const place = (/** @type {Bar[]} */ bars) => new Map(bars.map(({ group, top }) => [group.cluster, top]));
  const [leftEdges, rightEdges] = [place(leftBars), place(rightBars)];
  const rank = new Map(rightBars.map(({ group }, index) => [group.cluster, index]));
  const order = new Map(leftBars.map(({ group }, index) => [group.cluster, index]));
  const sorted = [...streams].sort(
    (first, second) =>
      (order.get(first.left) ?? 0) - (order.get(second.left) ?? 0) ||
      (rank.get(first.right) ?? 0) - (rank.get(second.right) ?? 0),
  );
  return sorted.map((stream) => {
    const thickness = stream.count * scale;
    const [from, to] = [leftEdges.get(stream.left) ?? 0, rightEdges.get(stream.right) ?? 0];
    leftEdges.set(stream.left, from + thickness);
    rightEdges.set(stream.right, to + thickness);
    return { stream, from, to, thickness };
  });
}

/**
 * Returns the outline of a band as a path of SVG.
 *
 * @param {Band} band
 * @param {number} start Where it begins, from the left.
 * @param {number} end
 */
export function bandPath({ from, to, thickness }, start, end) {
  const middle = (start + end) / 2;
  const curve = (/** @type {number} */ y, /** @type {number} */ x) => `${middle} ${y} ${x}`;
  return (
    `M ${start} ${from} C ${middle} ${from} ${curve(to, end)} ${to}` +
    ` L ${end} ${to + thickness} C ${middle} ${to + thickness} ${curve(from + thickness, start)} ${from + thickness} Z`
  );
}
