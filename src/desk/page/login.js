// Owns the sign-in page.

import { the, within } from "/parts.js";
import { say, speak } from "/words.js";

// Before the sign-in, the desk sends nothing about itself, not even its language, so the browser's language is used.
speak(navigator.language);
const form = the(HTMLFormElement, "login");
const field = the(HTMLInputElement, "password");
const button = the(HTMLButtonElement, "sign-in");
const problem = the(HTMLParagraphElement, "login-problem");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  problem.textContent = "";
  try {
    const answer = await fetch("/login", {
      method: "POST",
      headers: { "content-type": "application/json", "x-stillroom": "1" },
      body: JSON.stringify({ password: field.value }),
      signal: within(15_000),
    });
    if (answer.ok) {
      location.replace("/");
      return;
    }
    const { wait_seconds: seconds } = await answer.json();
    const refused = seconds ? say("wait_password", { seconds }) : say("wrong_password");
    problem.textContent = answer.status === 503 ? say("password_lost") : refused;
  } catch {
    problem.textContent = say("no_room");
  }
  button.disabled = false;
  field.select();
});
