// The knock of a kentongan, made from nothing. A board that cannot sound must say so: browsers keep a page silent until
// somebody touched it, and may silence it again.

let context = null;
let silenced = false;
let calls = [];
let known = new Set();
let last = 0;
const listeners = [];

function open() {
  if (!context && window.AudioContext) {
    context = new AudioContext();
    context.onstatechange = tell;
  }
  return context;
}

export function enable() {
  silenced = false;
  const opened = open();
  if (opened && opened.state !== "running") opened.resume().then(tell, tell);
  tell();
}

export function silence() {
  silenced = calls.length > 0;
  tell();
}

export function state() {
  if (!context || context.state !== "running") return "off";
  return silenced && calls.length ? "silenced" : "on";
}

export function onChange(listener) {
  listeners.push(listener);
}

function tell() {
  listeners.forEach((listener) => listener(state()));
}

/** What waits for an answer now: [{key, severity, text}]. A call that was not there before ends the silence. */
export function setCalls(found) {
  const fresh = found.filter((call) => !known.has(call.key));
  known = new Set(found.map((call) => call.key));
  calls = found;
  if (fresh.length) {
    silenced = false;
    last = 0;
  }
  tell();
  return fresh;
}

function knock(at, pitch, loud) {
  const tone = context.createOscillator();
  const gain = context.createGain();
  tone.type = "triangle";
  tone.frequency.setValueAtTime(pitch, at);
  tone.frequency.exponentialRampToValueAtTime(pitch * 0.6, at + 0.11);
  gain.gain.setValueAtTime(0.0001, at);
  gain.gain.exponentialRampToValueAtTime(loud, at + 0.004);
  gain.gain.exponentialRampToValueAtTime(0.0001, at + 0.16);
  tone.connect(gain).connect(context.destination);
  tone.start(at);
  tone.stop(at + 0.18);
}

function beat() {
  open();
  if (!calls.length || state() !== "on") return;
  const urgent = calls.some((call) => call.severity === "critical" || call.severity === "high");
  const now = performance.now();
  if (now - last < (urgent ? 1400 : 4000)) return;
  last = now;
  const start = context.currentTime + 0.02;
  const strokes = urgent ? [0, 0.16, 0.32, 0.56, 0.72] : [0, 0.22];
  strokes.forEach((offset, n) => knock(start + offset, n % 2 ? 690 : 920, urgent ? 0.9 : 0.5));
}

open();
setInterval(beat, 200);
["pointerdown", "keydown"].forEach((kind) =>
  window.addEventListener(kind, () => { if (context && context.state !== "running") enable(); }, true));
