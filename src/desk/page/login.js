// Owns the sign-in page.

import { say, speak } from "/words.js";

// Before anybody has signed in, the room tells nothing, so the browser is asked.
speak(navigator.language.startsWith("es") ? "es-US" : "en-US");
const form = document.getElementById("login");
const field = document.getElementById("password");
const button = document.getElementById("sign-in");
const problem = document.getElementById("login-problem");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  problem.textContent = "";
  try {
    const answer = await fetch("/login", {
      method: "POST",
      headers: { "content-type": "application/json", "x-stillroom": "1" },
      body: JSON.stringify({ password: field.value }),
      signal: AbortSignal.timeout(15000),
    });
    if (answer.ok) {
      location.replace("/");
      return;
    }
    const { wait_seconds: seconds } = await answer.json();
    problem.textContent = seconds ? say("wait_password", { seconds }) : say("wrong_password");
  } catch {
    problem.textContent = say("no_room");
  }
  button.disabled = false;
  field.select();
});
