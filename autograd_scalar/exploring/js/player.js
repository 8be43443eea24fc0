// The bar that plays a run: play, pause, a step either way, to any moment, at any speed.

import { html, mark, svg, write } from "./dom.js";

// Milliseconds that a step stays, at speed 1: long enough to read one product.
const PACE = 1400;

function icon(path) {
  return svg("svg", { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true" }, svg("path", { d: path }));
}

export class Player {
  constructor(app) {
    this.app = app;
    const { length } = app.timeline;
    const button = (name, text, action) => html("button", { type: "button", "aria-label": name, title: name, click: action }, text);
    this.toggle = html("button", { type: "button", class: "play", click: () => this.playing ? this.pause() : this.play() });
    this.scrub = html("input", {
      type: "range", min: 0, max: length, step: 1, value: length, "aria-label": "moment of the run",
      input: () => (this.pause(), app.go(Number(this.scrub.value))),
    });
    this.where = html("output", { class: "where" });
    this.speed = html("select", { "aria-label": "speed" },
      ["0.5", "1", "2", "4", "16"].map((speed) => html("option", { value: speed, selected: speed === "1" }, `${speed}×`)));
    this.back = button("one step back", icon("M11 3L4 8l7 5z"), () => (this.pause(), app.go(app.time - 1)));
    this.on = button("one step on", icon("M5 3l7 5-7 5z"), () => (this.pause(), app.go(app.time + 1)));
    this.element = html("div", { class: "bar", role: "group", "aria-label": "play the run" },
      this.toggle,
      button("to the start", icon("M3 3v10M13 3L5 8l8 5z"), () => (this.pause(), app.go(0))),
      this.back, this.on,
      button("to the end", icon("M13 3v10M3 3l8 5-8 5z"), () => (this.pause(), app.go(length))),
      this.scrub, this.where, this.speed);
    // The border between computing values and passing gradients back.
    const half = (100 * app.timeline.forward.length) / (length || 1);
    this.scrub.style.setProperty("--half", `${half}%`);
    this.show();
  }

  play() {
    const { length } = this.app.timeline;
    this.playing = true;
    if (this.app.time >= length) this.app.go(0);
    this.wait();
    this.show();
  }

  pause() {
    this.playing = false;
    clearTimeout(this.timer);
    this.show();
  }

  wait() {
    clearTimeout(this.timer);
    const speed = Number(this.speed.value);
    // Values appear faster than gradients: there is less to read.
    const backwards = this.app.time >= this.app.timeline.forward.length;
    this.timer = setTimeout(() => this.next(), ((backwards ? 1 : 0.45) * PACE) / speed);
  }

  next() {
    this.app.go(this.app.time + 1);
    if (this.app.time >= this.app.timeline.length) this.pause();
    else if (this.playing) this.wait();
  }

  get duration() {
    return Math.min(700, (0.55 * PACE) / Number(this.speed.value));
  }

  show() {
    const { time, timeline } = this.app;
    const { phase, count, of } = timeline.at(time);
    const text = {
      start: "start: only the inputs are known",
      forward: `forward, ${count} of ${of}`,
      backward: `backward, ${count} of ${of}`,
      done: "all is computed",
    }[phase];
    write(this.toggle, this.playing ? "❚❚ Pause" : "▶ Play");
    this.scrub.value = time;
    mark(this.scrub, "aria-valuetext", text);
    write(this.where, text);
    this.back.disabled = time <= 0;
    this.on.disabled = time >= timeline.length;
  }
}
