// The parts that change are fetched again; the mail being read stays as it is.
"use strict";
const PARTS = ["#list", "#unsent", "#story", "#count"];
const SECONDS = 2;

async function refresh() {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of PARTS) {
        const now = document.querySelector(part);
        const next = fresh.querySelector(part);
        if (now && next && now.innerHTML !== next.innerHTML) now.replaceWith(next);
      }
    } catch {
      document.querySelector("#count").textContent = "make run has ended";
    }
  }
  setTimeout(refresh, SECONDS * 1000);
}
setTimeout(refresh, SECONDS * 1000);
