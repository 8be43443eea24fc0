// The page in a notebook: a view of a model that Python holds too, in anywidget's terms.

import { html } from "./dom.js";
import { repr } from "./numbers.js";
import { mount } from "./page.js";

/** Show the page in an element; its sliders and the model's `values` follow each other. */
export function render({ model, el }) {
  // Styles stop at a shadow root, either way, and the notebook's shortcuts at these attributes.
  const host = html("div", { "data-lm-suppress-shortcuts": "true", keydown: (event) => event.stopPropagation() });
  const page = html("div", { class: "inside" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(model.get("sheet"));
  const root = host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet];
  root.append(page);
  el.append(host);
  const handle = mount(page, JSON.parse(model.get("payload")), {
    onChange: (numbers) => {
      model.set("values", Object.fromEntries(numbers.map(([name, number]) => [name, spelled(number)])));
      model.save_changes();
    },
  });
  const follow = () => {
    const values = model.get("values");
    if (Object.entries(handle.values).some(([name, number]) => spelled(number) !== values[name])) handle.values = values;
  };
  follow();
  model.on("change:values", follow);
  const adapting = adapted(sheet, host, page);
  return () => {
    model.off("change:values", follow);
    adapting.stop();
    handle.destroy();
    host.remove();
  };
}

/** A number as JSON can hold it. */
function spelled(number) {
  return Number.isFinite(number) && !Object.is(number, -0) ? number : repr(number);
}

/** Have the styles ask for the width of the host and the theme of the notebook, not for those of the window. */
function adapted(sheet, host, page) {
  const asked = [...sheet.cssRules].filter((rule) => rule instanceof CSSMediaRule).map(({ media }) => [media, media.mediaText]);
  const adapt = () => {
    const dark = isLight(getComputedStyle(host).color);
    page.style.colorScheme = dark ? "dark" : "light";
    for (const [media, condition] of asked) {
      const [, most] = condition.match(/max-width: (\d+)px/) ?? [];
      if (most) set(media, host.clientWidth <= Number(most));
      else if (condition.includes("prefers-color-scheme: dark")) set(media, dark);
    }
  };
  const set = (media, holds) => {
    const text = holds ? "all" : "not all";
    if (media.mediaText !== text) media.mediaText = text;
  };
  const resizing = new ResizeObserver(adapt);
  resizing.observe(host);
  const theming = new MutationObserver(adapt);
  for (const element of [document.documentElement, document.body]) theming.observe(element, { attributes: true });
  adapt();
  return {
    stop: () => {
      resizing.disconnect();
      theming.disconnect();
    },
  };
}

/** Whether text of this colour, in whichever notation, is meant for a dark ground. */
function isLight(color) {
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = context.getImageData(0, 0, 1, 1).data;
  return 0.299 * red + 0.587 * green + 0.114 * blue > 127;
}
