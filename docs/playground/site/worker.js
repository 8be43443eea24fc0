// Python in a worker, so that the page stays alive whatever is computed here, and can end it.

import { loadPyodide } from "./pyodide/pyodide.mjs";
import { graphviz } from "./graphviz.js";

const folder = new URL(".", import.meta.url).href;
let python = null;
let latest = null;

const tell = (message) => self.postMessage(message);

/** Counts the bytes of whatever is fetched meanwhile. */
function counting(total) {
  const plain = self.fetch;
  let loaded = 0;
  self.fetch = async (...request) => {
    const response = await plain(...request);
    if (!response.body) return response;
    const counted = new TransformStream({
      transform(chunk, out) {
        loaded += chunk.length;
        tell({ kind: "progress", loaded: Math.min(loaded, total), total });
        out.enqueue(chunk);
      },
    });
    const { status, headers } = response;
    return new Response(response.body.pipeThrough(counted), { status, headers });
  };
  return () => { self.fetch = plain; };
}

async function bytes(name) {
  const response = await fetch(folder + name);
  if (!response.ok) throw new Error(`${name}: ${response.status} ${response.statusText}`);
  return response.arrayBuffer();
}

async function load(total) {
  const done = counting(total);
  const [pyodide, packages, render] = await Promise.all([
    loadPyodide({ indexURL: `${folder}pyodide/` }),
    bytes("packages.zip"),
    bytes("graphviz.wasm").then(graphviz),
  ]);
  done();
  tell({ kind: "starting" });
  pyodide.unpackArchive(packages, "zip", { extractDir: "/home/pyodide" });
  python = pyodide.pyimport("playground");
  python.connect(render);
  tell({ kind: "ready" });
}

/** The pieces of an answer one by one, as long as nothing newer is asked. */
async function answer(request) {
  latest = request.id;
  const { id, formula, numbers, view, detail, played } = request;
  const values = JSON.parse(python.ask(JSON.stringify({ formula, numbers })));
  const names = (values.names ?? []).map((each) => each.name);
  const wrt = names.includes(request.wrt) ? request.wrt : (names[0] ?? "");
  tell({ kind: "values", id, wrt, values });
  if (values.error) return;
  const pieces = [["picture", view, wrt], ["explanation", wrt, detail], ["page"]];
  for (const [name, ...options] of played ? pieces.slice(0, 2) : pieces) {
    // The page is made once for a formula, takes longest, and waits until the typing is done.
    await new Promise((resume) => setTimeout(resume, name === "page" ? 300 : 0));
    if (id !== latest) return;
    tell({ kind: "piece", id, name, content: python.piece(name, ...options) });
  }
  tell({ kind: "answered", id });
}

function run({ id, code }) {
  python.run(code, (kind, content) => tell({ kind: "output", id, shown: kind, content }));
  tell({ kind: "answered", id });
}

const tasks = { load: ({ total }) => load(total), formula: answer, python: run };

self.onmessage = async ({ data }) => {
  try {
    await tasks[data.kind](data);
  } catch (error) {
    tell({ kind: "failed", id: data.id, message: String(error?.message ?? error) });
  }
};
