// Keeps a wedge scanner's digits in the scan box: a scanner types wherever the focus is, and after a tap on the
// page or a change of window the focus is nowhere. Every page works without this script.
"use strict";

(() => {
  const box = document.querySelector("input[data-scan][autofocus]");
  if (!box) return;
  const first = document.querySelector("[autofocus]"); // an error summary stands before the box

  const page = document.getElementById("main"); // takes the focus from the skip link and from a tap
  const nobodyTypes = () => [null, document.body, page].includes(document.activeElement);

  window.addEventListener("pageshow", () => {
    if (nobodyTypes()) first.focus();
    if (document.activeElement === box) box.select();
  });
  window.addEventListener("focus", () => {
    if (nobodyTypes()) box.focus();
  });
  document.addEventListener("keydown", (event) => {
    const types = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (types && event.key !== " " && nobodyTypes()) box.focus(); // the key itself then lands in the box
  });
})();

// Counts an expiry down on the page, from the server's clock; without this script the time as loaded stands.
(() => {
  const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  const words = (minutes) => {
    if (minutes < 0) return "over";
    const hours = Math.floor(minutes / 60);
    const rest = minutes % 60;
    const parts = [...(hours ? [count(hours, "hour")] : []), ...(rest || !hours ? [count(rest, "minute")] : [])];
    return `in ${parts.join(" ")}`;
  };
  const loaded = performance.now();
  for (const place of document.querySelectorAll("[data-until]")) {
    const left = Date.parse(place.dataset.until) - Date.parse(place.dataset.now);
    const show = () => {
      const text = words(Math.floor((left - (performance.now() - loaded)) / 60000));
      if (place.textContent !== text) place.textContent = text;
    };
    setInterval(show, 1000);
  }
})();
