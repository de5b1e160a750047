// What pages do with a script; each of them works without one.
import { initAll } from "./vendor/govuk-frontend.min.js";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
initAll();

// The code of the link stands behind the #, which no browser sends: it goes into the form, once.
const entrance = document.getElementById("enter");
if (entrance && location.hash.length > 1) {
  document.getElementById("code").value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  entrance.submit();
}
