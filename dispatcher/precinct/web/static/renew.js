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

export function renew(target, html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const focus = focusOf(target);
  fresh.content.querySelectorAll("[data-key]").forEach((card) => {
    const old = target.querySelector(`[data-key="${CSS.escape(card.dataset.key)}"]`);
    if (!old) return;
    if (card.dataset.etag && card.dataset.etag === old.dataset.etag) card.replaceWith(old);
    else carry(old, card);
  });
  target.replaceChildren(fresh.content);
  refocus(target, focus);
  if (window.htmx) window.htmx.process(target);
}
