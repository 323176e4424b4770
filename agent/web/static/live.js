"use strict";
// What changes is told by the server, in words: here texts are put in their places, and greyed when nobody tells.
const SILENT_MS = 2500;
const AGAIN_MS = 1000;
const root = document.documentElement;
const note = document.getElementById("gone");
let heard = performance.now();
let last = new Date();
let source;

function grey(text) {
  const gone = Boolean(text);
  if (root.dataset.gone !== (gone ? "yes" : undefined)) {
    if (gone) root.dataset.gone = "yes";
    else delete root.dataset.gone;
  }
  if (note.textContent !== text) note.textContent = text;
  note.hidden = !gone;
}

function put([id, state, cells, moved]) {
  const row = document.getElementById(id);
  if (!row) return;
  row.dataset.state = state;
  if (moved) row.setAttribute("transform", moved);
  cells.forEach((text, at) => {
    const cell = row.children[at];
    if (cell && cell.textContent !== text) cell.textContent = text;
  });
}

async function again() {
  try {
    const answer = await fetch(location.href, { cache: "no-store", redirect: "manual" });
    if (!answer.ok) {
      if (answer.status === 403 || answer.type === "opaqueredirect") location.reload();
      return;
    }
    const made = new DOMParser().parseFromString(await answer.text(), "text/html");
    const typing = document.activeElement && document.activeElement.id;
    const typed = typing && document.activeElement.value;
    document.getElementById("main").replaceWith(made.getElementById("main"));
    const field = typing && document.getElementById(typing);
    if (field) {
      if (typed !== undefined) field.value = typed;
      field.focus();
    }
    root.dataset.live = made.documentElement.dataset.live;
    if (!made.documentElement.dataset.gone) {
      heard = performance.now();
      last = new Date();
    }
  } catch {
    // nobody answers: the page greys by itself, and is made anew once somebody does
  }
}

function listen() {
  source = new EventSource(root.dataset.live);
  source.addEventListener("beat", (event) => {
    heard = performance.now();
    last = new Date();
    grey(JSON.parse(event.data));
  });
  source.addEventListener("rows", (event) => JSON.parse(event.data).forEach(put));
  source.addEventListener("again", async () => {
    source.close();
    await again();
    setTimeout(listen, AGAIN_MS);
  });
  source.addEventListener("out", () => {
    source.close();
    location.reload();
  });
  source.addEventListener("error", () => {
    source.close();
    setTimeout(listen, AGAIN_MS);
  });
}

setInterval(() => {
  if (performance.now() - heard > SILENT_MS) {
    grey(note.dataset.text.replace("{since}", last.toLocaleTimeString(root.lang, { hour12: false })));
  }
}, 200);
listen();
