// Graphviz as WebAssembly, the copy that the Python package draws with: the same pictures.

// It asks a system for files, a clock and an environment. Here is none of them.
const NOTHING_SUCH = 8;

/** Makes a function that turns DOT source into the bytes of an SVG file. */
export async function graphviz(bytes) {
  const module = await WebAssembly.compile(bytes);
  let exports = null;

  const write = (memory, address, number) => new DataView(memory.buffer).setUint32(address, number, true);
  const system = {
    environ_get: () => 0,
    environ_sizes_get(count, size) {
      write(exports.memory, count, 0);
      write(exports.memory, size, 0);
      return 0;
    },
    clock_time_get(_clock, _precision, at) {
      new DataView(exports.memory.buffer).setBigUint64(at, 0n, true);
      return 0;
    },
    random_get(at, size) {
      new Uint8Array(exports.memory.buffer, at, size).fill(4);
      return 0;
    },
    /** Warnings, which go to no console: a picture is made or an error raised. */
    fd_write(_file, parts, count, written) {
      const view = new DataView(exports.memory.buffer);
      let size = 0;
      for (let i = 0; i < count; i++) size += view.getUint32(parts + 8 * i + 4, true);
      write(exports.memory, written, size);
      return 0;
    },
    proc_exit(code) {
      throw new Error(`it ended with code ${code}`);
    },
  };
  const imports = {};
  for (const { name } of WebAssembly.Module.imports(module)) imports[name] = system[name] ?? (() => NOTHING_SUCH);

  function text(value) {
    const encoded = new TextEncoder().encode(`${value}\0`);
    const address = exports.malloc(encoded.length);
    new Uint8Array(exports.memory.buffer, address, encoded.length).set(encoded);
    return address;
  }

  function read(address, size) {
    return new Uint8Array(exports.memory.buffer, address, size).slice();
  }

  function render(source) {
    exports ??= new WebAssembly.Instance(module, { wasi_snapshot_preview1: imports }).exports;
    const given = [source, "svg", "dot"].map(text);
    const length = exports.malloc(4);
    const made = exports.graphviz_render(...given, length);
    if (!made) {
      const said = read(exports.graphviz_last_error(), 4096);
      throw new Error(new TextDecoder().decode(said.subarray(0, said.indexOf(0))));
    }
    const svg = read(made, new DataView(exports.memory.buffer).getUint32(length, true));
    for (const address of [made, length, ...given]) exports.graphviz_free(address);
    return svg;
  }

  return (source) => {
    try {
      return render(source);
    } catch (error) {
      exports = null; // after a failure inside, it serves no other picture
      throw error;
    }
  };
}
