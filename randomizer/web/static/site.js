// Keeps a wedge scanner's digits in the scan box: a scanner types wherever the focus is, and after a tap on the
// page or a change of window the focus is nowhere. Every page works without this script.
"use strict";

(() => {
  const box = document.querySelector("input[data-scan]");
  if (!box) return;
  const first = document.querySelector("[autofocus]"); // an error summary stands before the box
  const print = document.querySelector("a[data-print]");
  const page = document.getElementById("main"); // takes the focus from the skip link and from a tap
  const nobodyTypes = () => [null, document.body, page].includes(document.activeElement);

  window.addEventListener("pageshow", () => {
    if (first && nobodyTypes()) first.focus();
    if (document.activeElement === box) box.select();
  });
  window.addEventListener("focus", () => {
    if (nobodyTypes()) (first || box).focus();
  });
  document.addEventListener("keydown", (event) => {
    const types = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    const elsewhere = nobodyTypes() || (print && document.activeElement === print);
    if (types && event.key !== " " && elsewhere) box.focus(); // the key itself then lands in the box
  });

  // One scan is sent once, and one that ends in Tab is sent as well: a scanner is faster than any hand.
  const SCANNED_MS = 50; // between two keys
  const SCANNED_KEYS = 4;
  let fast = 0;
  let last = -Infinity;
  let sent = false;
  box.addEventListener("keydown", (event) => {
    fast = event.timeStamp - last < SCANNED_MS ? fast + 1 : 0;
    last = event.timeStamp;
    if (event.key === "Tab" && fast >= SCANNED_KEYS && box.value) {
      event.preventDefault();
      box.form.requestSubmit();
    }
  });
  box.form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
  });
  window.addEventListener("pageshow", () => {
    sent = false;
  });
})();

// Prints the page where it stands; without this script the link leads to a slip to print.
(() => {
  for (const link of document.querySelectorAll("a[data-print]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      window.print();
    });
  }
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
