// Curves and surfaces of the loss, drawn as SVG; axes name their ends.

import { svg } from "./dom.js";
import { short } from "./numbers.js";

const [WIDTH, HEIGHT] = [330, 150];
const [LEFT, RIGHT, TOP, BOTTOM] = [58, 10, 10, 22];
const CELLS = 24;

/** The two ends of some numbers, apart even where all are one. */
function ends(numbers) {
  const finite = [...numbers].filter(Number.isFinite);
  if (!finite.length) return [0, 1];
  const low = finite.reduce((a, b) => Math.min(a, b));
  const high = finite.reduce((a, b) => Math.max(a, b));
  const apart = high - low || Math.abs(low) || 1;
  return high > low ? [low, high] : [low - apart / 2, high + apart / 2];
}

function frame(title, [x0, x1], [y0, y1], across) {
  const x = (value) => LEFT + ((value - x0) / (x1 - x0)) * (WIDTH - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - ((value - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM);
  const text = (attributes, words) => svg("text", attributes, words);
  const element = svg("svg", { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title },
    svg("rect", { class: "area", x: LEFT, y: TOP, width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM }),
    text({ x: LEFT - 5, y: TOP + 9, class: "end" }, short(y1)),
    text({ x: LEFT - 5, y: HEIGHT - BOTTOM, class: "end" }, short(y0)),
    text({ x: LEFT, y: HEIGHT - 7 }, short(x0)),
    text({ x: WIDTH - RIGHT, y: HEIGHT - 7, class: "end" }, short(x1)),
    text({ x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 7, class: "middle" }, across));
  return { element, x, y };
}

/** Where it is now; nowhere, if that is no number. */
function here(x, y) {
  return Number.isFinite(x) && Number.isFinite(y) ? [svg("circle", { class: "here", cx: x, cy: y, r: 3.5 })] : [];
}

function line(points, className) {
  const runs = [];
  let run = [];
  for (const [x, y] of [...points, [NaN, NaN]]) {
    if (Number.isFinite(x) && Number.isFinite(y)) run.push(`${x.toFixed(1)} ${y.toFixed(1)}`);
    else if (run.length) (runs.push(run), (run = []));
  }
  return svg("path", { class: className, d: runs.map((each) => `M${each.join("L")}`).join("") });
}

/** The losses of the steps taken. */
export function lossPlot(name, losses) {
  const last = Math.max(losses.length - 1, 1);
  const title = `${name} after each of ${losses.length - 1} steps, now ${short(losses.at(-1))}`;
  const { element, x, y } = frame(title, [0, last], ends(losses), "steps");
  element.append(line(losses.map((loss, k) => [x(k), y(loss)]), "curve"));
  element.append(...here(x(losses.length - 1), y(losses.at(-1))));
  return element;
}

/** The loss along one number, with the tangent where the number is now. */
export function alongPlot(name, across, xs, losses, now, loss, slope) {
  const [y0, y1] = ends([...losses, loss]);
  const title = `${name} along ${across}: at ${short(now)} it is ${short(loss)} and its slope ${short(slope)}`;
  const { element, x, y } = frame(title, [xs[0], xs.at(-1)], [y0, y1], across);
  element.append(line([...losses].map((each, k) => [x(xs[k]), y(each)]), "curve"));
  // As far as it is inside of the frame.
  const reach = (xs.at(-1) - xs[0]) * 0.22;
  const [down, up] = slope ? [(y0 - loss) / slope, (y1 - loss) / slope].sort((a, b) => a - b) : [-reach, reach];
  const tangent = [Math.max(-reach, down, xs[0] - now), Math.min(reach, up, xs.at(-1) - now)]
    .map((step) => [x(now + step), y(loss + slope * step)]);
  element.append(line(tangent, "tangent"), ...here(x(now), y(loss)));
  return element;
}

/** The loss over two numbers as shades, with the direction of steepest descent. */
export function surfacePlot(name, [a, b], xs, ys, losses, [hereX, hereY], [slopeX, slopeY]) {
  const title = `${name} over ${a} and ${b}: the darker, the smaller; the arrow goes straight down`;
  const { element, x, y } = frame(title, [xs[0], xs.at(-1)], [ys[0], ys.at(-1)], a);
  const [low, high] = ends(losses);
  const cells = svg("g", { class: "cells" });
  const [wide, high_] = [(WIDTH - LEFT - RIGHT) / xs.length, (HEIGHT - TOP - BOTTOM) / ys.length];
  losses.forEach((loss, k) => {
    const share = Number.isFinite(loss) ? (loss - low) / (high - low) : 1;
    const [column, row] = [k % xs.length, Math.floor(k / xs.length)];
    cells.append(svg("rect", {
      x: (LEFT + column * wide).toFixed(1), y: (HEIGHT - BOTTOM - (row + 1) * high_).toFixed(1),
      width: (wide + 0.4).toFixed(1), height: (high_ + 0.4).toFixed(1), class: `shade${Math.round(share * 9)}`,
    }));
  });
  element.insertBefore(cells, element.children[1]);
  const [px, py] = [x(hereX), y(hereY)];
  // The direction as the axes show it.
  const [dx, dy] = [-slopeX * (xs.at(-1) - xs[0]), slopeY * (ys.at(-1) - ys[0])];
  const length = Math.hypot(dx / WIDTH, dy / HEIGHT) || 1;
  const tip = [px + ((dx / WIDTH) * 34) / length, py + ((dy / HEIGHT) * 34) / length];
  element.append(line([[px, py], tip], "tangent"), ...here(px, py));
  element.append(svg("text", { x: LEFT - 5, y: HEIGHT / 2, class: "end" }, b.slice(0, 6)));
  return element;
}

export function spread([low, high], count = CELLS) {
  return Array.from({ length: count }, (_, k) => low + ((high - low) * k) / (count - 1));
}
