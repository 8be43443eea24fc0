/** A graph as a Python program that uses the library. */

import { repr } from "./numbers.js";

/** A text in Python's quotes. */
export function quoted(text) {
  const plain = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("\x7f", "\\x7f");
  return text.includes("'") && !text.includes('"')
    ? `"${plain}"`
    : `'${plain.replaceAll("'", "\\'")}'`;
}

const RESERVED = (
  "False None True and as assert async await break class continue def del elif else except " +
  "finally for from global if import in is lambda nonlocal not or pass raise return try while " +
  "with yield abs custom float print Value primitive stop_gradient"
).split(" ");

/** Identifiers for labels: w_31 for w_{31}; each once, and none that is taken. */
function identifiers(names, taken) {
  const used = new Set([...RESERVED, ...taken]);
  return names.map((name) => {
    const plain = name.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
    const start = /^[A-Za-z]/.test(plain) ? plain : `v${plain}`;
    let chosen = start;
    for (let k = 2; used.has(chosen); k += 1) chosen = `${start}_${k}`;
    used.add(chosen);
    return chosen;
  });
}

function literal(x) {
  return Number.isFinite(x) ? repr(x) : `float("${repr(x)}")`;
}

/** What a row of the table is called in Python, applied to operands. */
function applied(row, operands) {
  if (operands.length === 2 && row.operator) return operands.join(` ${row.operator} `);
  if (row.operator === "-") return `-${operands[0]}`;
  return `${row.name}(${operands.join(", ")})`;
}

const QUESTIONS = ["<", "<=", "==", "!="];

/** The program of a graph, with the numbers that its inputs hold now. */
export function pythonProgram(graph) {
  const entries = graph.entries();
  const functions = new Set();
  for (const { row } of entries) {
    if (row && !row.operator && !row.added) functions.add(row.name);
  }
  const root = graph.size - 1;
  const names = identifiers(
    entries.map(({ name }) => name),
    [...functions, ...entries.map(({ operation }) => operation)],
  );
  const place = new Map(entries.map(({ node }, k) => [node, k]));
  const written = (node, alone) => {
    const k = place.get(node);
    const { kind, label } = entries[k];
    if (kind !== "constant" || label) return names[k];
    return alone ? `Value(${literal(graph.data[node])}).detach()` : literal(graph.data[node]);
  };
  const primitives = new Map();
  const lines = [];
  for (const [k, { node, kind, label, operation, row, operands }] of entries.entries()) {
    const labelled = label ? `, label=${quoted(label)}` : "";
    const number = literal(graph.data[node]);
    if (kind === "leaf") {
      lines.push(`${names[k]} = Value(${number}${labelled})`);
    } else if (kind === "parameter") {
      lines.push(`${names[k]} = Value.parameter(${number}${labelled})`);
    } else if (kind === "constant") {
      if (label || node === root) lines.push(`${names[k]} = Value(${number}${labelled}).detach()`);
    } else if (kind === "frozen") {
      const letters = operands.map((_, m) => `x${m + 1}`).join(", ");
      const given = operands.map((each) => written(each, true)).join(", ");
      const partials = graph.partials(node).map((each) => `, ${literal(each)}`).join("");
      lines.push(`# As recorded: ${operation} is outside the table, and here a constant with its slopes.`);
      lines.push(`${names[k]} = custom(lambda ${letters}: ${number}${partials})(${given})`);
      if (label) lines.push(`${names[k]}.label = ${quoted(label)}`);
    } else {
      const alone = !operands.some((each) => entries[place.get(each)].kind !== "constant");
      const given = operands.map((each, m) => written(each, alone && m === 0));
      let text = kind === "copy" ? given[0] : applied(row, given);
      if (row && QUESTIONS.includes(row.operator)) text = `float(${text})`;
      else if (kind === "copy" || kind === "detached") text = `stop_gradient(${text})`;
      if (row?.added) primitives.set(row.name, row);
      lines.push(`${names[k]} = ${text}`);
      if (label) lines.push(`${names[k]}.label = ${quoted(label)}`);
    }
  }
  const imported = [
    "Value",
    ...(lines.some((line) => line.includes(" = custom(lambda ")) ? ["custom"] : []),
    ...(primitives.size ? ["primitive"] : []),
    ...(lines.some((line) => line.includes("stop_gradient(")) ? ["stop_gradient"] : []),
    ...[...functions].sort(),
  ];
  const made = [...primitives.values()].map((row) => {
    const given = [row.name, row.formula, ...row.added.partials].map(quoted).join(", ");
    const samples = row.added.samples.map((each) => `(${each.map(literal).join(", ")},)`);
    const parameters = row.arguments.map((each) => `${quoted(each)},`).join(" ");
    const more = `samples=[${samples.join(", ")}], arguments=(${parameters})`;
    return `${row.name} = primitive(${given}, ${more})`;
  });
  const result = names[place.get(root)];
  // No derivative leads from a constant.
  const ends = graph.kind(root) !== "constant";
  return [
    `from autograd_scalar import ${imported.join(", ")}`,
    "",
    ...made,
    ...(made.length ? [""] : []),
    ...lines,
    "",
    ends ? `${result}.backward()` : `print(${result}.data)`,
    ...(ends ? graph.inputs : []).slice(0, 20).map((i) => {
      const name = names[place.get(i)];
      return `print(${quoted(`d${result}/d${name} =`)}, ${name}.grad)`;
    }),
    "",
  ].join("\n");
}
