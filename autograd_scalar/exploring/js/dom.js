// Elements made without markup: whatever a label says, it stays text.

const SVG_SPACE = "http://www.w3.org/2000/svg";
const MATHML_SPACE = "http://www.w3.org/1998/Math/MathML";

const SHOWN_MARKUP = new Set(
  ("math mrow mi mn mo ms mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover " +
    "mtable mtr mtd mstyle mpadded mphantom").split(" "),
);
const SHOWN_HTML = new Set("p ul ol li div span em strong b i code sub sup br table tr td th".split(" "));
const SHOWN_ATTRIBUTES = new Set(
  "mathvariant stretchy fence separator form lspace rspace width columnalign display displaystyle class".split(" "),
);

/** An HTML element. Functions among the attributes listen to the event of their name. */
export function html(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG_SPACE, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
}

/** What makes an element of the picture a button, for pointers and keys. */
export function pressable(name, press) {
  return {
    role: "button", tabindex: "0", "aria-label": name, click: press,
    keydown: (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      press();
    },
  };
}

/** Write a text where it differs: what is not touched need not be laid out again. */
export function write(element, text) {
  const node = element.firstChild;
  if (!node) element.textContent = text;
  else if (node.data !== text) node.data = text;
}

/** Write a number in a circle or a box, pressed together where it is longer than there is room for. */
export function writeNumber(element, text) {
  write(element, text);
  const long = text.length > 11;
  if ((element.pressed ?? false) === long) return;
  element.pressed = long;
  if (!long) return element.removeAttribute("textLength");
  element.setAttribute("textLength", 76);
  element.setAttribute("lengthAdjust", "spacingAndGlyphs");
}

/** As much of a text as takes the room of so many letters. */
export function beginning(text, most) {
  let room = most;
  let kept = "";
  for (const letter of text) {
    // Pictures and the letters of East Asia are as wide as two.
    const wide = letter >= "\u2e80" ? 2 : 1;
    if (room < wide) return `${kept}…`;
    room -= wide;
    kept += letter;
  }
  return text;
}

/** Set an attribute where it differs. */
export function mark(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** Turn classes of an element on or off. */
export function classes(element, states) {
  for (const [name, on] of Object.entries(states)) element.classList.toggle(name, Boolean(on));
}

/** MathML and plain HTML as nodes: elements that only show something, and nothing that acts. */
export function fromMarkup(text) {
  const parsed = new DOMParser().parseFromString(
    `<div xmlns="http://www.w3.org/1999/xhtml">${text.replace(/<math(?=[ >])/g, `<math xmlns="${MATHML_SPACE}"`)}</div>`,
    "application/xhtml+xml",
  );
  if (parsed.querySelector("parsererror")) return [document.createTextNode(text)];
  return [...parsed.documentElement.childNodes].map(copied).filter(Boolean);
}

function copied(node) {
  if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
  if (node.nodeType !== Node.ELEMENT_NODE) return null;
  const known = node.namespaceURI === MATHML_SPACE ? SHOWN_MARKUP : SHOWN_HTML;
  const children = [...node.childNodes].map(copied).filter(Boolean);
  if (!known.has(node.localName)) return html("span", {}, ...children);
  const element = document.createElementNS(node.namespaceURI, node.localName);
  for (const { name, value } of node.attributes) {
    if (SHOWN_ATTRIBUTES.has(name) || name.startsWith("data-")) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Call `work` before the next repaint, once however often it is asked for. */
export function onNextFrame(work) {
  let waiting = 0;
  return () => {
    waiting ||= requestAnimationFrame(() => {
      waiting = 0;
      work();
    });
  };
}

/** Whether the reader asked for little motion. */
export function calm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Offer a text as a file to keep. */
export function saveFile(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  html("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
