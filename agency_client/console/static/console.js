// What pages do with a script; each of them works without one.
import { initAll } from "./vendor/govuk-frontend.min.js";
import { renew } from "./session.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
initAll();

// The code of the link stands behind the #, which no browser sends: it goes into the form, once.
// A new link that is opened where the entrance already stands changes nothing but the code.
const entrance = document.getElementById("enter");
function useCode() {
  if (!entrance || location.hash.length < 2) return;
  document.getElementById("code").value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  entrance.submit();
}
addEventListener("hashchange", useCode);
useCode();

// The page begins at its top, also on a small screen: what is signed is read before it is signed.
document.querySelector("[data-focus]")?.focus({ preventScroll: true });

// A browser may keep a whole page in memory for its way back, also one that must not be stored, and
// also over the lock. Such a page is hidden as it is left, and asked for anew. A form that is being
// written stays, as it does when the console is locked.
const isWritten = document.querySelector("[data-compose], [data-asks]") !== null;
addEventListener("pagehide", () => {
  if (!isWritten) document.documentElement.dataset.left = "";
});
addEventListener("pageshow", (event) => {
  if (event.persisted && !isWritten) location.reload();
});

// On a small screen the menu is one line that moves sideways: where one is must be seen.
const here = document.querySelector(".console-menu [aria-current]");
if (here) here.closest("ul").scrollLeft = here.offsetLeft - 16;

// Words that were typed for a decision outlive the lock: the form asks first whether it is open.
let isAsking = false;
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-asks]")) return;
  event.preventDefault();
  if (isAsking) return;
  isAsking = true;
  const isOpen = await renew(form).catch(() => null);
  isAsking = false;
  if (isOpen) return form.submit();
  const told = form.querySelector(".console-told");
  told.textContent = isOpen === null ? form.dataset.away : form.dataset.locked;
  told.hidden = false;
});

// Single keys follow the links that name them; the sheet on "?" lists these.
const sheet = document.getElementById("keys");
const keyed = () => [...document.querySelectorAll("[data-key]")];

function showSheet() {
  const list = document.getElementById("keys-list");
  list.replaceChildren(list.firstElementChild);
  for (const each of keyed()) {
    const row = list.firstElementChild.cloneNode(true);
    row.querySelector("kbd").textContent = each.dataset.key;
    row.querySelector("dd").textContent = each.getAttribute("aria-label") || each.textContent || each.labels[0].textContent;
    list.append(row);
  }
  sheet.showModal();
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.ctrlKey || event.metaKey || event.altKey || document.body.dataset.keys !== "on") return;
  if (typing && event.key !== "Escape") return;
  if (event.key === "?" && sheet) {
    event.preventDefault();
    sheet.open ? sheet.close() : showSheet();
    return;
  }
  if (sheet && sheet.open) return;
  const found = keyed().find((each) => each.dataset.key === event.key && each.offsetParent);
  if (found) {
    event.preventDefault();
    found.matches("input") ? found.focus() : found.click();
  }
});
