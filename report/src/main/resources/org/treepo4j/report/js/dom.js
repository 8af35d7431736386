// Building elements. Text from runs only ever becomes text nodes, never markup.
const $ = (id) => document.getElementById(id);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") {
      for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    } else if (name === "style") {
      for (const [property, text] of Object.entries(value)) element.style.setProperty(property, text);
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

// The page's own drawing tells the namespace, so that no address stands in this file.
const svgNamespace = $("glyph").namespaceURI;
const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(svgNamespace, tag), attributes, children);

const cssColour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Radio buttons that look like one control; arrows move between them. */
function segmented(label, choices, chosen, choose) {
  const group = el("span", { class: "segmented", role: "radiogroup", "aria-label": label });
  for (const [value, text] of choices) {
    const on = value === chosen;
    group.append(el("button", {
      type: "button", role: "radio", "aria-checked": String(on), tabindex: on ? 0 : -1, "data-value": value,
      on: { click: () => choose(value) },
    }, text));
  }
  group.addEventListener("keydown", (event) => moveRadio(event, group, (button) => choose(button.dataset.value)));
  return group;
}

function moveRadio(event, group, choose) {
  const move = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!move) return;
  event.preventDefault();
  event.stopPropagation();
  const buttons = [...group.querySelectorAll("[role=radio]")];
  const at = buttons.findIndex((button) => button.getAttribute("aria-checked") === "true");
  const place = (at + move + buttons.length) % buttons.length;
  const holder = group.id ? group.id : null;
  const value = buttons[place].dataset.value;
  choose(buttons[place]);
  const now = holder ? $(holder) : document.querySelector(`[role=radiogroup][aria-label="${group.getAttribute("aria-label")}"]`);
  const next = now && [...now.querySelectorAll("[role=radio]")].find((button) => button.dataset.value === value);
  if (next) next.focus();
}
