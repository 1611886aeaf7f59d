// The board: listens to the server, counts ages, sounds, and turns keys into the forms that are on the page anyway.
import * as sound from "./sound.js";
import { renew } from "./renew.js";

const text = JSON.parse(document.getElementById("texts").textContent);
const by = (id) => document.getElementById(id);
const LOST_AFTER_MS = 4500; // the server says something every 2 s
const MAX_DAYS = 99; // as in view.py

let offset = Number(document.body.dataset.now) - Date.now();
let heard = Date.now();
let lost = false;
let calls = [];
let chosen = null;
let chosenAt = 0;
let source = null;

// --- time ---

function duration(ms) {
  const all = Math.max(0, Math.floor(ms / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const [d, h, m, s] = [Math.floor(all / 86400), Math.floor(all / 3600) % 24, Math.floor(all / 60) % 60, all % 60];
  if (d > MAX_DAYS) return text.ages.replace("{n}", MAX_DAYS);
  if (d) return `${d} d ${two(h)}:${two(m)}`;
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

const format = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium", timeZone: document.body.dataset.zone });

function tick() {
  const now = Date.now() + offset;
  document.querySelectorAll("time[data-since]").forEach((element) => {
    const shown = ("atLeast" in element.dataset ? "≥ " : "") + duration(now - Number(element.dataset.since));
    if (element.textContent !== shown) element.textContent = shown;
  });
  by("clock").textContent = format.format(now);
  if (Date.now() - heard > LOST_AFTER_MS) setLost(true);
  showAbove();
  document.title = titleNow();
  document.body.dataset.armed = isArmed() ? "yes" : "no";
}

function showAbove() {
  const first = document.querySelector("#incidents .waiting");
  const hidden = !first || first.getBoundingClientRect().bottom > 0;
  by("above").hidden = hidden;
  if (!hidden) by("above").textContent = `▲ ${calls.length} ${text.waiting}: ${calls.length ? calls[0].text : ""}`;
}

function titleNow() {
  const name = `${text.board} · ${document.body.dataset.title}`;
  if (lost) return `✕ ${text.lost_short} · ${name}`;
  if (!calls.length) return name;
  const blink = Math.floor(Date.now() / 1000) % 2;
  return `${blink ? "●" : "○"} (${calls.length}) ${blink ? calls[0].text : text.waiting}`;
}

// --- the server ---

function setLink(state, words) {
  const link = by("link");
  if (link.dataset.state === state) return;
  link.dataset.state = state;
  link.querySelector("span").textContent = words;
  link.querySelector("use").setAttribute("href", state === "on" ? "#link-on" : "#link-off");
}

function setLost(now) {
  if (now && !lost) by("lost-since").textContent = text.since.replace("{time}", format.format(heard + offset));
  lost = now;
  document.body.dataset.lost = now ? "yes" : "no";
  by("lost").hidden = !now;
  setLink(now ? "lost" : "on", now ? text.lost_short : text.connected);
}

function alive(now) {
  heard = Date.now();
  offset = now - heard;
  setLost(false);
}

function listen() {
  if (source) source.close();
  source = new EventSource(`/events?lang=${document.body.dataset.lang}`);
  source.addEventListener("ping", (event) => alive(JSON.parse(event.data).now));
  source.addEventListener("board", (event) => show(JSON.parse(event.data)));
}

function show(board) {
  alive(board.now);
  renew(by("desk"), board.html.desk);
  if (by("incidents")) {
    renew(by("incidents"), board.html.incidents);
    renew(by("posts"), board.html.posts);
    keepChoice();
  } else if (by("detail")) renewDetail();
  ring(board.sounding);
  tick();
}

function ring(sounding) {
  calls = sounding;
  const fresh = sound.setCalls(sounding);
  if (fresh.length) by("spoken").textContent = fresh.map((call) => call.text).join(". ");
  const here = by("detail") && by("detail").querySelector("[data-key]");
  const others = sounding.filter((call) => !here || !call.key.startsWith(`${here.dataset.key}:`));
  if (by("others")) {
    by("others").hidden = !others.length;
    by("others").textContent = others.length ? `${others.length} ${text.waiting}: ${others[0].text}` : "";
  }
}

async function renewDetail() {
  const answer = await fetch(location.pathname, { headers: { "Accept-Language": document.body.dataset.lang } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const detail = page.getElementById("detail");
  if (!detail) return;
  renew(by("detail"), detail.innerHTML);
  ring(calls);
  tick();
}

// A stream that was refused outright (a proxy's 502, a full server) is not tried again by the browser itself.
setInterval(() => { if (lost && source.readyState === EventSource.CLOSED) listen(); }, 2000);

// --- the sound ---

sound.onChange((state) => {
  const words = { on: text.sound_on, off: text.sound_muted, silenced: text.sound_silenced }[state];
  by("sound").dataset.state = state;
  document.body.dataset.sound = state;
  by("sound").querySelector("span").textContent = calls.length && state === "on" ? text.silence : words;
  by("sound").querySelector("use").setAttribute("href", state === "on" ? "#bell" : "#bell-off");
  by("sound-off").hidden = state !== "off";
  by("silenced").hidden = state !== "silenced";
});
by("sound").addEventListener("click", () => (sound.state() === "on" ? sound.silence() : sound.enable()));
by("sound-enable").addEventListener("click", () => sound.enable());
sound.setCalls([]); // say how it stands before the first call

// --- the officer ---

const officer = by("officer");
officer.value = localStorage.getItem("officer") || "";
officer.addEventListener("input", () => {
  localStorage.setItem("officer", officer.value.trim());
  by("officer-form").classList.remove("missing");
});
by("officer-form").addEventListener("submit", (event) => { event.preventDefault(); officer.blur(); });

let fading = 0;
function say(words, good) {
  const line = document.createElement("p");
  line.className = `said ${good ? "good" : "bad"}`;
  line.textContent = words;
  by("said").replaceChildren(line);
  fade(good);
}

function fade(good) {
  clearTimeout(fading);
  fading = setTimeout(() => by("said").replaceChildren(), good ? 5000 : 12000);
}

document.body.addEventListener("htmx:configRequest", (event) => {
  if (officer.value.trim() && officer.checkValidity()) {
    event.detail.parameters.set ? event.detail.parameters.set("by", officer.value.trim()) : (event.detail.parameters.by = officer.value.trim());
    return;
  }
  event.preventDefault();
  by("officer-form").classList.add("missing");
  officer.focus();
  say(text.no_no_officer, false);
});
document.body.addEventListener("htmx:sendError", () => say(text.no_send, false));
document.body.addEventListener("htmx:afterRequest", (event) => {
  fade(event.detail.successful);
  if (event.detail.successful && event.detail.elt.reset) event.detail.elt.reset();
});

// --- the keys ---

const cards = () => [...document.querySelectorAll("#incidents [data-key]")];

function choose(card) {
  cards().forEach((found) => found.classList.toggle("is-chosen", found === card));
  chosen = card ? card.dataset.key : null;
}

/** The choice stays with its incident whatever comes above it; it moves on by itself only when that was answered. */
function keepChoice() {
  const card = cards().find((found) => found.dataset.key === chosen);
  const waiting = cards().find((found) => found.classList.contains("waiting"));
  if (card && (card.classList.contains("waiting") || !waiting)) return choose(card);
  chosenAt = Date.now();
  return choose(waiting || card || null);
}

function step(by_) {
  const all = cards();
  const at = all.findIndex((card) => card.dataset.key === chosen);
  if (!all.length) return;
  const card = all[Math.min(all.length - 1, Math.max(0, at + by_))];
  choose(card);
  card.scrollIntoView({ block: "nearest" });
}

// What chose itself a moment ago was perhaps not what the finger meant.
const isArmed = () => Date.now() - chosenAt >= 700;

function acknowledge() {
  if (!isArmed()) return;
  const where = by("detail") || cards().find((card) => card.dataset.key === chosen);
  const form = where && where.querySelector("form.acknowledge");
  if (form) form.requestSubmit();
}

const KEYS = {
  j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1), a: acknowledge,
  o: () => { if (chosen) location.assign(`/incidents/${encodeURIComponent(chosen)}`); },
  s: () => (sound.state() === "on" ? sound.silence() : sound.enable()),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
  if (event.target.closest("input, select, textarea")) return;
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

by("above").addEventListener("click", () => window.scrollTo({ top: 0 }));
window.addEventListener("scroll", showAbove, { passive: true });

keepChoice();
tick();
setInterval(tick, 250);
listen();
