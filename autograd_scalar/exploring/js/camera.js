// Which part of the picture is seen: drag, wheel, pinch, buttons and keys move it.

import { calm } from "./dom.js";

const CLOSEST = 2.5;

export class Camera {
  /** `moved` is called when another part is seen. */
  constructor(canvas, world, moved) {
    this.canvas = canvas;
    this.world = world;
    this.moved = moved;
    this.size = [1, 1];
    this.end = [0, 0, 0, 0];
    this.place = { x: 0, y: 0, scale: 1 };
    this.view = { width: 800, height: 400 };
    this.touched = false;
    this.pointers = new Map();
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, (event) => this.release(event));
    }
  }

  /** Measure the canvas; not at every move, which would have everything laid out anew. */
  measure() {
    const { width, height } = this.canvas.getBoundingClientRect();
    this.view = { width: width || 800, height: height || 400 };
  }

  /** Left, top, right and bottom of what is seen. */
  get seen() {
    const { width, height } = this.view;
    const { x, y, scale } = this.place;
    return [-x / scale, -y / scale, (width - x) / scale, (height - y) / scale];
  }

  /** All of it, or where that would be too small to read, the end of it. */
  fit(all = false) {
    this.measure();
    const { width, height } = this.view;
    const whole = Math.min((width - 32) / this.size[0], (height - 32) / this.size[1], 1.25);
    const scale = all ? whole : Math.max(whole, Math.min(0.62, 1.25));
    // Where not all is seen, the end is: at the right, and at its height.
    const [, top, , bottom] = this.end;
    const high = this.size[1] * scale;
    const middle = height / 2 - ((top + bottom) / 2) * scale;
    this.touched = all;
    this.set({
      x: Math.min((width - this.size[0] * scale) / 2, width - 24 - this.size[0] * scale),
      y: high > height ? Math.min(16, Math.max(height - 16 - high, middle)) : (height - high) / 2,
      scale,
    });
  }

  set(place) {
    this.place = place;
    const { x, y, scale } = place;
    this.world.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${scale.toFixed(4)})`);
    this.moved();
  }

  /** Bring a point into view, and close enough to read. */
  show([left, top, right, bottom], closeness = 0) {
    const [x0, y0, x1, y1] = this.seen;
    const { width, height } = this.view;
    const scale = Math.max(this.place.scale, closeness);
    const inside = left >= x0 && right <= x1 && top >= y0 && bottom <= y1;
    if (inside && scale === this.place.scale) return;
    const aim = {
      x: width / 2 - ((left + right) / 2) * scale,
      y: height / 2 - ((top + bottom) / 2) * scale,
      scale,
    };
    this.glide(aim);
  }

  glide(aim) {
    cancelAnimationFrame(this.gliding);
    if (calm()) return this.set(aim);
    const from = this.place;
    const began = performance.now();
    const frame = (now) => {
      const share = Math.min(1, Math.max(0, (now - began) / 260));
      const eased = share * share * (3 - 2 * share);
      const between = (name) => from[name] + (aim[name] - from[name]) * eased;
      this.set({ x: between("x"), y: between("y"), scale: between("scale") });
      if (share < 1) this.gliding = requestAnimationFrame(frame);
    };
    this.gliding = requestAnimationFrame(frame);
  }

  /** Closer or further away, about a point of the canvas. */
  zoom(factor, at) {
    const { width, height } = this.view;
    const [px, py] = at ?? [width / 2, height / 2];
    const { x, y, scale } = this.place;
    const least = Math.min(0.2, (width - 32) / this.size[0], (height - 32) / this.size[1]);
    const to = Math.min(CLOSEST, Math.max(least, scale * factor));
    this.touched = true;
    this.set({ x: px - ((px - x) * to) / scale, y: py - ((py - y) * to) / scale, scale: to });
  }

  pan(dx, dy) {
    this.touched = true;
    this.set({ ...this.place, x: this.place.x + dx, y: this.place.y + dy });
  }

  wheel(event) {
    // Without a key the page scrolls, as everywhere.
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return;
    event.preventDefault();
    const { left, top } = this.canvas.getBoundingClientRect();
    const turned = event.deltaY || event.deltaX;
    this.zoom(Math.exp(-turned / 300), [event.clientX - left, event.clientY - top]);
  }

  press(event) {
    if (event.button !== 0) return;
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    this.dragged = false;
  }

  drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    if (this.pointers.size === 2) {
      const [other] = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, p]) => p);
      const { left, top } = this.canvas.getBoundingClientRect();
      const apart = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]) || 1;
      this.zoom(apart(now) / apart(before), [other[0] - left, other[1] - top]);
    } else if (this.dragged || Math.hypot(dx, dy) > 4) {
      if (!this.dragged) this.canvas.setPointerCapture(event.pointerId);
      this.dragged = true;
      this.pan(dx, dy);
    } else {
      return;
    }
    this.pointers.set(event.pointerId, now);
  }

  release(event) {
    this.pointers.delete(event.pointerId);
  }
}
