// Keeps a wedge scanner's digits in the scan box: a scanner types wherever the focus is, and after a tap on the
// page or a change of window the focus is nowhere. Every page works without this script.
"use strict";

(() => {
  const box = document.querySelector("input[data-scan][autofocus]");
  if (!box) return;

  const page = document.getElementById("main"); // takes the focus from the skip link and from a tap
  const nobodyTypes = () => [null, document.body, page].includes(document.activeElement);

  window.addEventListener("pageshow", () => {
    if (nobodyTypes()) box.focus();
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
