// The state of a page as text for its address: numbers, moment, view, what is open.

import { repr } from "./numbers.js";

/** Only what differs from how the page opens; numbers in full, so that every bit comes back. */
export function stateText({ numbers, recorded, time, length, view, first, selected, toggled, asking }) {
  const fields = new URLSearchParams();
  const moved = numbers.flatMap((number, k) => (Object.is(number, recorded[k]) ? [] : [`${k}:${repr(number)}`]));
  if (moved.length) fields.set("n", moved.join("_"));
  if (time !== length) fields.set("t", time);
  if (view !== first) fields.set("v", view);
  if (selected != null) fields.set("s", selected);
  if (toggled.length) fields.set("o", toggled.join("_"));
  if (asking) fields.set("ask", "1");
  return fields.toString().replaceAll("%3A", ":");
}

/** What such a text says; anything that does not fit this page is left out. */
export function readState(text, { recorded, length, views, size }) {
  const fields = new URLSearchParams(text);
  const numbers = [...recorded];
  for (const each of (fields.get("n") ?? "").split("_").filter(Boolean)) {
    const [k, number] = each.split(":");
    const value = { nan: NaN, inf: Infinity, "-inf": -Infinity }[number] ?? Number(number);
    if (/^\d+$/.test(k) && Number(k) < numbers.length && number && (!Number.isNaN(value) || number === "nan")) numbers[Number(k)] = value;
  }
  const whole = (name, most) => {
    const value = fields.get(name);
    return value !== null && /^\d+$/.test(value) && Number(value) <= most ? Number(value) : null;
  };
  return {
    numbers,
    time: whole("t", length) ?? length,
    view: views.includes(fields.get("v")) ? fields.get("v") : views[0],
    selected: whole("s", size - 1),
    toggled: (fields.get("o") ?? "").split("_").filter((each) => /^-?\d+$/.test(each)).map(Number),
    asking: fields.get("ask") === "1",
  };
}
