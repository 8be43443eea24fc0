// The numbers that can be moved: a slider and a field for each input and parameter.

import { classes, html, mark, write } from "./dom.js";
import { decimal, parseNumber, repr, short } from "./numbers.js";

/** Rows that are made at once; a filter or a click in the picture brings up the others. */
const MOST = 40;
const POSITIONS = 1000;

export class Sliders {
  constructor(app) {
    this.app = app;
    this.rows = new Map();
    this.ranges = new Map();
    const { graph } = app;
    const of = (kind) => graph.inputs.filter((i) => graph.kind(i) === kind)
      .sort((a, b) => graph.names[a].localeCompare(graph.names[b], "en", { numeric: true }));
    const groups = [["Inputs", of("leaf")], ["Parameters", of("parameter")]].filter(([, nodes]) => nodes.length);
    this.list = html("div", { class: "rows" });
    this.filter = graph.inputs.length > 8 && html("input", {
      type: "search", placeholder: "find a number", "aria-label": "find a number by its name", input: () => this.fill(),
    });
    this.groups = groups;
    this.element = html("section", { class: "numbers", "aria-label": "numbers to move" },
      html("div", { class: "heading" }, html("h2", {}, "Move a number"), this.filter,
        html("button", { type: "button", click: () => app.setNumbers(null) }, "Reset")),
      this.list);
    this.fill();
  }

  range(i) {
    if (!this.ranges.has(i)) {
      const recorded = this.app.graph.data[i];
      const reach = Number.isFinite(recorded) ? Math.max(1, 2 * Math.abs(recorded)) : 1;
      const centre = Number.isFinite(recorded) ? recorded : 0;
      // Round ends, and positions that meet round numbers.
      const step = 10 ** Math.floor(Math.log10(reach));
      const whole = Math.ceil(reach / step) * step;
      const middle = Math.round(centre / step) * step;
      this.ranges.set(i, [middle - whole, middle + whole]);
    }
    return this.ranges.get(i);
  }

  fill() {
    const wanted = (this.filter ? this.filter.value : "").trim().toLowerCase();
    this.list.replaceChildren();
    let room = this.all ? Infinity : MOST;
    let hidden = 0;
    for (const [title, nodes] of this.groups) {
      const fitting = nodes.filter((i) => !wanted || this.app.name(i).toLowerCase().includes(wanted) || this.app.graph.names[i].toLowerCase().includes(wanted));
      const shown = fitting.slice(0, room);
      room -= shown.length;
      hidden += fitting.length - shown.length;
      if (!shown.length) continue;
      if (this.groups.length > 1) this.list.append(html("h3", {}, title));
      this.list.append(...shown.map((i) => this.row(i).element));
    }
    if (hidden) {
      this.list.append(html("button", { type: "button", class: "more", click: () => ((this.all = true), this.fill()) }, `show ${hidden} more`));
    }
    this.update();
  }

  row(i) {
    if (this.rows.has(i)) return this.rows.get(i);
    const { app } = this;
    const name = app.name(i);
    const set = (number) => app.setNumber(i, number);
    const row = { i };
    row.slider = html("input", {
      type: "range", min: 0, max: POSITIONS, step: 1, "aria-label": name,
      input: () => {
        const [low, high] = this.range(i);
        set(Number(decimal(low + ((high - low) * Number(row.slider.value)) / POSITIONS, 4)));
      },
    });
    row.field = html("input", {
      type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", "aria-label": `${name}, as a number`,
      focus: () => ((row.field.value = repr(app.graph.data[i])), row.field.select()),
      blur: () => this.update(),
      change: () => {
        if (row.field.value === repr(app.graph.data[i])) return;
        const number = parseNumber(row.field.value);
        classes(row.field, { wrong: Number.isNaN(number) });
        mark(row.field, "aria-invalid", Number.isNaN(number));
        if (Number.isNaN(number)) return app.say(`${row.field.value} is not a number`);
        set(number);
        row.field.value = repr(number);
      },
    });
    row.grad = html("output", { class: "grad" });
    row.check = html("output", { class: "check", title: "the same by a small difference (f(x + h) − f(x − h)) / 2h" });
    row.element = html("div", { class: "row" },
      html("button", { type: "button", class: "name", title: `explain the gradient of ${name}`, click: () => app.select(i) }, name),
      row.slider, row.field, row.grad, row.check);
    this.rows.set(i, row);
    return row;
  }

  get visible() {
    return [...this.rows.values()].filter((row) => row.element.isConnected);
  }

  update() {
    const { app } = this;
    const root = this.element.getRootNode();
    for (const row of this.visible) {
      const number = app.graph.data[row.i];
      let [low, high] = this.range(row.i);
      if (number < low || number > high) {
        const width = high - low;
        [low, high] = [Math.min(low, number - width / 4), Math.max(high, number + width / 4)];
        if (Number.isFinite(number)) this.ranges.set(row.i, [low, high]);
      }
      if (root.activeElement !== row.slider) row.slider.value = Math.round((POSITIONS * (number - low)) / (high - low));
      mark(row.slider, "aria-valuetext", short(number));
      if (root.activeElement !== row.field) {
        const text = decimal(number, 6);
        if (row.field.value !== text) row.field.value = text;
      }
      write(row.grad, app.gradText(row.i));
    }
    this.compare();
  }

  /** Beside each gradient, what a small difference says; later where that takes long. */
  compare() {
    const { app, visible } = this;
    clearTimeout(this.timer);
    if (app.graph.size * visible.length > 8000) {
      this.timer = setTimeout(() => this.compareNow(), 150);
    } else {
      this.compareNow();
    }
  }

  compareNow() {
    const { app } = this;
    for (const row of this.visible) {
      if (app.hides(row.i) || app.time < app.timeline.length) {
        write(row.check, "");
        continue;
      }
      const { value, ok, crosses } = app.difference(row.i);
      const none = Number.isNaN(value);
      write(row.check, none ? "no Δ here" : crosses ? "⚠ at a branch" : `${ok ? "✓" : "≠"} Δ ${short(value)}`);
      classes(row.check, { differs: !ok && !crosses && !none, none });
    }
  }
}
