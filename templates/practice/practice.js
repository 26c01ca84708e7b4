// The practice page: answers are read back while they are typed, checked and helped on when that is asked for.
// What was written, and how far one came, stays in this browser.
"use strict";

const main = document.querySelector("main");
const base = main.dataset.number;
const place = `backsym-practice-${main.dataset.key}`;
const WAIT = 60; // milliseconds of rest before what is typed is read

const kept = (() => {
  try { return JSON.parse(localStorage.getItem(place)) || {}; } catch { return {}; }
})();

function keep(target, change) {
  kept[target] = { ...kept[target], ...change };
  try { localStorage.setItem(place, JSON.stringify(kept)); } catch { /* a private window keeps nothing */ }
  progress();
}

async function ask(name, data) {
  const response = await fetch(`${base}/${name}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(data),
  });
  const value = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(value.error || main.dataset.failed);
  return value;
}

const forms = [...document.querySelectorAll("form.answer")];

function progress() {
  const done = forms.filter(form => kept[form.dataset.target]?.done).length;
  document.querySelector(".progress").textContent = `${done} / ${forms.length}`;
}

function answers() {
  return Object.fromEntries(forms.map(form => [form.dataset.target, form.querySelector("textarea").value]));
}

function setUp(form) {
  const target = form.dataset.target;
  const field = form.querySelector("textarea");
  const read = form.querySelector(".read");
  const verdict = form.querySelector(".verdict");
  const hints = form.querySelector(".hints");
  const more = form.querySelector(".more");
  const onward = form.querySelector(".onward");
  let timer = 0;
  let latest = 0;

  async function readBack() {
    const number = ++latest;
    try {
      const found = await ask("read", { target, answer: field.value });
      if (number === latest) read.innerHTML = found.mathml || found.doubt;
    } catch (error) {
      if (number === latest) read.textContent = error.message;
    }
  }

  function show(found) {
    form.classList.toggle("done", found.done);
    verdict.className = `verdict ${found.done ? "right" : "wrong"}`;
    verdict.innerHTML = found.feedback;
  }

  async function check() {
    try {
      const found = await ask("check", { target, answers: answers() });
      show(found);
      keep(target, { done: found.done });
    } catch (error) {
      verdict.className = "verdict wrong";
      verdict.textContent = error.message;
    }
  }

  async function hint(number) {
    const found = await ask("hint", { target, number });
    const item = document.createElement("li");
    item.innerHTML = found.html;
    hints.append(item);
    more.disabled = found.last;
  }

  field.addEventListener("input", () => {
    keep(target, { text: field.value, done: false });
    form.classList.remove("done");
    verdict.textContent = "";
    onward.textContent = "";
    clearTimeout(timer);
    timer = setTimeout(readBack, WAIT);
  });
  field.addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); check(); }
  });
  form.addEventListener("submit", event => { event.preventDefault(); check(); });
  more.addEventListener("click", async () => {
    more.disabled = true;
    try {
      await hint(hints.children.length + 1);
      keep(target, { hints: hints.children.length });
    } catch (error) {
      verdict.textContent = error.message;
      more.disabled = false;
    }
  });

  form.querySelector(".next").addEventListener("click", async () => {
    try {
      onward.innerHTML = (await ask("onward", { target, answer: field.value })).html;
    } catch (error) {
      onward.textContent = error.message;
    }
  });

  const before = kept[target];
  if (before?.text) { field.value = before.text; readBack(); }
  if (before?.done) check();
}

forms.forEach(setUp);
progress();
