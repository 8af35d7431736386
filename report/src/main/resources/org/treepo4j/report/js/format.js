// Numbers and texts as a reader sees them.
const known = (value) => value !== null && value !== undefined && Number.isFinite(value);

/** Smaller numbers are what rounding left of zero. */
const rounding = 1e-12;

/** Up to 4 significant digits for numbers of any size. */
function brief(value) {
  if (!known(value)) return "–";
  const size = Math.abs(value);
  if (size < rounding) return "0";
  if (size < 1e-3 || size >= 1e6) return minus(value.toExponential(2));
  if (Number.isInteger(value)) return minus(String(value));
  return minus(size >= 1000 ? value.toFixed(0) : size >= 100 ? value.toFixed(1) : size >= 10 ? value.toFixed(2) : value.toFixed(4));
}

const minus = (text) => text.replaceAll("-", "−");
const fixed = (value, places = 3) => (known(value) ? minus(tidyZero(value, places)) : "–");
const signed = (value, places = 3) => (known(value) ? (tidyZero(value, places)[0] === "-" ? "" : "+") + fixed(value, places) : "–");

function tidyZero(value, places) {
  const text = value.toFixed(places);
  return Number(text) === 0 ? (0).toFixed(places) : text;
}

/** Like fixed, without the zeros at the end: rewards are often 0 or 1. */
const plain = (value) => (known(value) ? minus(String(Number(value.toFixed(4)))) : "–");
const percent = (value) => (known(value) ? `${(100 * value).toFixed(1)} %` : "–");
const count = (n, one, many = one + "s") => `${n} ${n === 1 ? one : many}`;

function duration(seconds) {
  if (!known(seconds)) return "–";
  if (seconds < 90) return `${seconds.toFixed(0)} s`;
  if (seconds < 5400) return `${(seconds / 60).toFixed(1)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** Control characters as visible marks; for one-line labels also line breaks. */
function visible(text, oneLine = false) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (c) => (c.charCodeAt(0) < 32 ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : "\ufffd"))
    .replace(/\n/g, oneLine ? "⏎" : "⏎\n").replace(/\t/g, "⇥");
}

function ellipsis(text, length) {
  const letters = [...text];
  return letters.length <= length ? text : letters.slice(0, Math.max(1, length - 1)).join("") + "…";
}

/** The end of a long text. */
function tail(text, length) {
  const letters = [...text];
  return letters.length <= length ? text : "…" + letters.slice(1 - length).join("");
}

const finishNames = {
  ANSWERED: "answered", UNCLOSED_ANSWER: "unclosed answer", EOS: "end token", MAX_DEPTH: "max depth",
  MAX_RESPONSE_TOKENS: "max tokens", REPETITION: "repetition", UNFINISHED: "unfinished",
};
