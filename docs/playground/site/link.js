// What is asked, as text for the address: a formula and its numbers, or a program.

// A link is pasted into all kinds of texts, where brackets and the like would end it.
const encoded = (text) => encodeURIComponent(text).replace(/[!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

export function linkTo({ formula, numbers, wrt, view, detail, code }) {
  if (code !== undefined) return `#python=${encoded(code)}`;
  const fields = [["formula", formula], ...Object.entries(numbers).map(([name, number]) => ["at", `${name}=${number}`])];
  if (wrt) fields.push(["by", wrt]);
  if (view !== "operations") fields.push(["view", view]);
  if (detail !== "short") fields.push(["told", detail]);
  return `#${fields.map(([name, value]) => `${name}=${encoded(value)}`).join("&")}`;
}

/** Anything that is no such text is left out; a formula is only text until Python has read it. */
export function readLink(hash) {
  const fields = new URLSearchParams(hash.replace(/^#/, "").replaceAll("+", "%2B"));
  if (fields.has("python")) return { code: fields.get("python") };
  if (!fields.has("formula")) return {};
  const numbers = {};
  for (const each of fields.getAll("at")) {
    const end = each.lastIndexOf("=");
    const number = Number(each.slice(end + 1));
    if (end > 0 && each.slice(end + 1).trim() && Number.isFinite(number)) numbers[each.slice(0, end)] = number;
  }
  const one = (name, values) => (values.includes(fields.get(name)) ? fields.get(name) : values[0]);
  return {
    formula: fields.get("formula"),
    numbers,
    wrt: fields.get("by") ?? "",
    view: one("view", ["operations", "network"]),
    detail: one("told", ["short", "rules", "every step", "backward"]),
  };
}
