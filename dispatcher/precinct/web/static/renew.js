// Puts new HTML in the place of old without taking anything out of an officer's hands: what did not change stays the same
// element, and what was typed, opened or focused in a card that did change is carried over.

function fieldsOf(card) {
  return [...card.querySelectorAll("input:not([type=hidden]), select")];
}

function nameOf(field) {
  const form = field.closest("form");
  return `${form ? form.getAttribute("action") : ""}#${field.name}`;
}

function carry(from, to) {
  const typed = new Map(fieldsOf(from).map((field) => [nameOf(field), field.value]));
  fieldsOf(to).forEach((field) => { if (typed.get(nameOf(field))) field.value = typed.get(nameOf(field)); });
  const opened = from.querySelector("details[open]");
  const details = to.querySelector("details");
  if (opened && details) details.open = true;
  to.classList.toggle("is-chosen", from.classList.contains("is-chosen"));
}

function focusOf(root) {
  const field = document.activeElement;
  if (!field || !root.contains(field) || !field.closest("[data-key]")) return null;
  const inField = typeof field.selectionStart === "number";
  return {
    key: field.closest("[data-key]").dataset.key,
    name: field.name ? nameOf(field) : null,
    at: inField ? [field.selectionStart, field.selectionEnd] : null,
  };
}

function refocus(root, focus) {
  const card = focus && root.querySelector(`[data-key="${CSS.escape(focus.key)}"]`);
  if (!card) return;
  const field = focus.name ? fieldsOf(card).find((found) => nameOf(found) === focus.name) : card;
  if (!field || document.activeElement === field) return;
  field.focus({ preventScroll: true });
  if (focus.at && field.setSelectionRange) field.setSelectionRange(...focus.at);
}

// What the officer is looking at stays where it is on the screen, whatever came above it.
function anchorOf(target) {
  const card = [...target.querySelectorAll("[data-key]")].find((found) => found.getBoundingClientRect().bottom > 0);
  return window.scrollY > 0 && card ? { key: card.dataset.key, top: card.getBoundingClientRect().top } : null;
}

function holdAnchor(target, anchor, before) {
  const card = anchor && target.querySelector(`[data-key="${CSS.escape(anchor.key)}"]`);
  const moved = card ? card.getBoundingClientRect().top - anchor.top : 0;
  // A card that was answered went to another place; following it there would take the others away.
  window.scrollTo(0, Math.abs(moved) < window.innerHeight ? window.scrollY + moved : before);
}

export function renew(target, html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const focus = focusOf(target);
  const anchor = anchorOf(target);
  const before = window.scrollY;
  fresh.content.querySelectorAll("[data-key]").forEach((card) => {
    const old = target.querySelector(`[data-key="${CSS.escape(card.dataset.key)}"]`);
    if (!old) return;
    if (card.dataset.etag && card.dataset.etag === old.dataset.etag) card.replaceWith(old);
    else carry(old, card);
  });
  target.replaceChildren(fresh.content);
  if (before > 0) holdAnchor(target, anchor, before);
  refocus(target, focus);
  if (window.htmx) window.htmx.process(target);
}
