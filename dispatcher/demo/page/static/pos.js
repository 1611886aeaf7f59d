// The page decides nothing: the demo sends words, and this writes them. What the script does own is doubt: when the
// demo falls silent, the lamp on this page goes dark, because a lamp that still shines would lie.
"use strict";

const SILENCE_MS = 9000; // the demo speaks at least every 4 s
const $ = (id) => document.getElementById(id);
const hero = $("hero");
let heardAt = Date.now();

function write(id, text) {
  const node = $(id);
  if (node.textContent !== text) node.textContent = text;
}

function show(now) {
  hero.dataset.stage = now.lamp.stage;
  hero.dataset.button = now.button.state;
  write("word", now.lamp.word);
  write("meaning", now.lamp.meaning);
  write("blink", now.lamp.blink);
  write("by", now.lamp.by);
  write("line", now.button.line);
  write("evening", now.evening.text);
  write("source", now.evening.source);
  for (const step of $("trail").children) step.dataset.mark = now.trail[step.dataset.step];
  for (const card of document.querySelectorAll("[data-card]")) showCard(card, now.cards[card.dataset.card]);
  showRows(now.traffic);
}

function showCard(card, now) {
  card.dataset.active = String(now.active);
  const state = card.querySelector(".state");
  if (state.textContent !== now.word) state.textContent = now.word;
}

function span(kind, text) {
  const node = document.createElement("span");
  node.className = kind;
  node.textContent = text;
  return node;
}

let newest = 0;

function showRows(rows) {
  const list = $("rows");
  if (!rows.length) {
    list.replaceChildren(span("none", document.body.dataset.quiet));
    return;
  }
  list.replaceChildren(...rows.map(row));
  newest = rows[0].n;
}

function row(entry) {
  const item = document.createElement("li");
  item.dataset.hop = entry.hop;
  if (entry.n > newest) item.className = "new";
  const times = entry.times > 1 ? `${entry.times}×` : "";
  item.append(span("at", entry.at), span("hop", entry.where), span("topic", entry.topic), span("times", times));
  const payload = span("payload", entry.payload);
  payload.title = entry.payload;
  item.append(payload);
  return item;
}

function doubt(silent) {
  const note = $("lost");
  note.hidden = !silent;
  if (silent) {
    note.textContent = document.body.dataset.lost;
    hero.dataset.stage = "dark";
  }
}

async function act(event) {
  const button = event.target.closest("button[data-device]");
  if (!button) return;
  const { device, action } = button.dataset;
  try {
    const answer = await fetch(`/devices/${device}/${action}${document.body.dataset.query}`, { method: "POST" });
    if (answer.status === 503) tell(await answer.text());
  } catch {
    tell(document.body.dataset.lost);
  }
}

function tell(text) {
  $("lost").textContent = text;
  $("lost").hidden = false;
}

document.addEventListener("click", act);
const stream = new EventSource(document.body.dataset.stream);
stream.onmessage = (event) => {
  heardAt = Date.now();
  doubt(false);
  show(JSON.parse(event.data));
};
setInterval(() => { if (Date.now() - heardAt > SILENCE_MS) doubt(true); }, 500);
