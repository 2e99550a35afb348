// Asks a phone, a computer or a security key for a passkey's answer, and sends it with the form around the button.
// Without this script the button stays hidden, and password and code do the same.
"use strict";

(() => {
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const listed = (found) => (found || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const ask = {
    get: (options) =>
      navigator.credentials.get({
        publicKey: {
          ...options,
          challenge: bytes(options.challenge),
          allowCredentials: listed(options.allowCredentials),
        },
      }),
    create: (options) =>
      navigator.credentials.create({
        publicKey: {
          ...options,
          challenge: bytes(options.challenge),
          user: { ...options.user, id: bytes(options.user.id) },
          excludeCredentials: listed(options.excludeCredentials),
        },
      }),
  };
  const PARTS = ["clientDataJSON", "authenticatorData", "signature", "userHandle", "attestationObject"];
  const told = (credential) => {
    const response = {};
    for (const part of PARTS) {
      if (credential.response[part]) response[part] = text(credential.response[part]);
    }
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
  };
  const REASONS = {
    InvalidStateError: "This device has a passkey of yours for this door already. Nothing was sent.",
    NotAllowedError: "The passkey was not used, or it took too long. Nothing was sent; try again.",
  };
  const OTHERWISE = "This device could not use a passkey here. Nothing was sent.";

  for (const place of document.querySelectorAll("[data-passkey]")) {
    // Browsers give passkeys to the address that they were made for and to no other.
    if (!window.PublicKeyCredential || location.origin !== place.dataset.origin) continue;
    const says = place.querySelector("[role=status]");
    let waiting = false;
    place.hidden = false;
    for (const other of document.querySelectorAll("[data-without-passkey]")) other.hidden = true;
    place.querySelector("button").addEventListener("click", async () => {
      if (waiting) return;
      waiting = true;
      says.textContent = "Waiting for your passkey.";
      try {
        const answer = await ask[place.dataset.passkey](JSON.parse(place.dataset.options));
        place.querySelector("[name=passkey]").value = told(answer);
        place.closest("form").submit();
      } catch (error) {
        says.textContent = REASONS[error.name] || OTHERWISE;
      } finally {
        waiting = false;
      }
    });
  }
})();
