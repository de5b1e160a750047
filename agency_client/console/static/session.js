// A form that stood open while the console was locked goes on under the session that was entered since.

// Gives false while the console is locked: nothing is sent then, and what was typed stays.
export async function renew(form) {
  const answer = await fetch("/session", { credentials: "same-origin" });
  // Without a session there is the entrance, whatever was asked for.
  if (answer.redirected || !answer.ok) return false;
  form.querySelector("[name=token]").value = await answer.text();
  return true;
}
