// Sends the form of a statement and shows how far its files are; keeps a draft while one writes.
// Without this script the form is sent as any other.
import { initAll } from "./vendor/govuk-frontend.min.js";
import { renew } from "./session.js";

const AFTER_A_PAUSE = 10_000;
const form = () => document.querySelector("form[data-compose]");
let pause, keeping = Promise.resolve(), isSending = false;

function say(text) {
  document.getElementById("compose-said").textContent = text;
}

// Stays until the page goes: what is written here is another draft now than the one that was opened.
function tellApart(word) {
  const said = { DRAFT_APART: form().dataset.draftApart, DRAFT_SENT_ELSEWHERE: form().dataset.draftSentElsewhere }[word];
  if (!said) return;
  const told = document.getElementById("compose-apart");
  told.textContent = said;
  told.hidden = false;
}

async function keep() {
  if ((await renew(form()).catch(() => null)) === false) return say(form().dataset.locked);
  const data = new FormData(form());
  // Files are taken over where the person asks for it; those of the draft stay.
  for (const input of form().querySelectorAll("input[type=file]")) data.delete(input.name);
  data.delete("remove");
  data.set("step", "auto");
  try {
    const answer = await fetch(form().action, { method: "POST", body: data, credentials: "same-origin" });
    if (answer.ok) {
      form().querySelector("[name=version]").value = answer.headers.get("X-Draft-Version");
      form().querySelector("[name=draft]").value = await answer.text();
      say(form().dataset.kept);
      tellApart(answer.headers.get("X-Draft-Apart"));
    } else if (answer.status === 413) say(form().dataset.tooLarge);
    else say(answer.status === 403 ? form().dataset.locked : form().dataset.notKept);
  } catch {
    say(form().dataset.away);
  }
}

document.addEventListener("input", (event) => {
  if (!event.target.closest("form[data-compose]") || event.target.type === "file") return;
  clearTimeout(pause);
  pause = setTimeout(() => { if (!isSending) keeping = keep(); }, AFTER_A_PAUSE);
});

// The day that three fields make stands beside them in words, so that a wrong month is seen.
function sayDays() {
  const said = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "full", timeZone: "UTC" });
  for (const each of document.querySelectorAll("output.console-day")) {
    const [day, month, year] = [...each.htmlFor].map((id) => document.getElementById(id).value.trim());
    const made = new Date(Date.UTC(year, month - 1, day));
    const isDay = /^\d{4}$/.test(year) && made.getUTCMonth() === month - 1 && made.getUTCDate() === Number(day);
    each.textContent = isDay ? said.format(made) : "";
  }
}
document.addEventListener("input", sayDays);
sayDays();

document.addEventListener("submit", async (event) => {
  if (event.target !== form()) return;
  event.preventDefault();
  // A second click while the first is answered would make a second draft of the same words.
  if (isSending) return;
  isSending = true;
  clearTimeout(pause);
  await keeping;
  const isOpen = await renew(form()).catch(() => null);
  if (isOpen) return send(new FormData(form(), event.submitter));
  isSending = false;
  say(isOpen === null ? form().dataset.away : form().dataset.locked);
});

function send(data) {
  const size = [...data.values()].reduce((sum, each) => sum + (each.size || 0), 0);
  if (size > Number(form().dataset.most)) {
    isSending = false;
    return say(form().dataset.tooLarge);
  }
  const bar = document.getElementById("upload");
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", (event) => {
    if (!size || !event.lengthComputable) return;
    bar.hidden = false;
    bar.value = (event.loaded * 100) / event.total;
    say(event.loaded < event.total ? `${form().dataset.uploading}: ${Math.round(bar.value)} %` : form().dataset.uploaded);
  });
  request.addEventListener("loadend", () => { isSending = false; });
  request.addEventListener("error", () => { bar.hidden = true; say(form().dataset.away); });
  request.addEventListener("load", () => {
    bar.hidden = true;
    if (request.status === 403) return say(form().dataset.locked);
    if (request.status === 413) return say(form().dataset.tooLarge);
    if (new URL(request.responseURL).pathname !== new URL(form().action).pathname) return location.assign(request.responseURL);
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const main = page.getElementById("main");
    // What is told before a session is looked at, or after a crash, is a heading alone.
    if (!main) return say(page.querySelector("h1")?.textContent ?? form().dataset.away);
    document.getElementById("main").replaceWith(document.adoptNode(main));
    initAll({ scope: main });
    sayDays();
    scrollTo(0, 0);
    document.querySelector(".govuk-error-summary")?.focus();
  });
  request.open("POST", form().action);
  request.send(data);
}
