// What the pages do beyond HTML: copy, download, print, codes with spaces, focus on what is wrong, status that keeps itself fresh.
// Every page works without this file. Nothing here makes a decision.
"use strict";

(() => {
  const announcer = document.getElementById("announcer");

  // Emptied first, so that the same words twice are read twice.
  function announce(text) {
    if (!announcer) return;
    announcer.textContent = "";
    setTimeout(() => { announcer.textContent = text; }, 50);
  }

  function select(element) {
    const range = document.createRange();
    range.selectNodeContents(element);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  function textOf(source) {
    const parts = source.querySelectorAll("[data-copy-line]");
    return parts.length ? Array.from(parts, (part) => part.textContent.trim()).join("\n") : source.textContent.trim();
  }

  // A file that the browser makes of what it has already: nothing is asked for, and nothing is sent.
  function download(button) {
    const text = `${button.dataset.what}, ${location.origin}\n\n${textOf(document.getElementById(button.dataset.download))}\n`;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    link.download = `${button.dataset.what.toLowerCase().replaceAll(" ", "-")}.txt`;
    link.click();
    setTimeout(URL.revokeObjectURL, 10_000, link.href);
  }

  // The clipboard may be missing (plain http) or refused: then the text is selected and the person told what to press.
  async function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(textOf(source));
      flash(button, "Copied");
    } catch {
      select(source);
      flash(button, "Selected");
      announce("Selected. Press Control C or Command C to copy.");
    }
  }

  function flash(button, word) {
    const label = button.querySelector("[data-label]");
    button.dataset.word ??= label.textContent;
    label.textContent = word;
    button.classList.add("done");
    announce(word === "Copied" ? `Copied: ${button.dataset.what}` : word);
    clearTimeout(button.timer);
    button.timer = setTimeout(() => {
      label.textContent = button.dataset.word;
      button.classList.remove("done");
    }, 2000);
  }

  function revealScripted(root) {
    for (const element of root.querySelectorAll("[data-scripted]")) element.hidden = false;
  }

  // Whoever closes a message by keyboard goes on where the page begins, or at the message below it.
  function dismiss(message) {
    const list = message.parentElement;
    message.remove();
    (list.querySelector("[data-close]") || document.getElementById("content")).focus({ preventScroll: true });
    if (!list.childElementCount) list.remove();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.getAttribute("aria-disabled") === "true") event.preventDefault();
    if (button.dataset.copy) copy(button);
    if (button.dataset.download) download(button);
    if ("print" in button.dataset) print();
    if ("close" in button.dataset) dismiss(button.closest(".notice"));
    if ("reload" in button.dataset) location.reload();
  });

  // "123 456" and "123-456" are pasted as six digits; maxlength would have cut them.
  document.addEventListener("paste", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement) || field.autocomplete !== "one-time-code") return;
    const digits = event.clipboardData.getData("text").replace(/\D/g, "");
    if (!digits) return;
    event.preventDefault();
    field.value = digits.slice(0, 6);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // The part of the page a link points into is opened, so that "fix this" never leads to something folded away.
  function openTarget() {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    openAround(target.querySelector(":scope > details[name]") || target);
  }

  function openAround(element) {
    for (let part = element; part; part = part.parentElement) if (part.tagName === "DETAILS") part.open = true;
  }

  // Status: elements marked data-live are replaced from a fresh copy of this page, only while someone can see it.
  // The request says so in a header, because looking at a page is not activity and must not keep a session alive.
  // When it fails, the next comes later and later; that the page stands still is said at once where the session is over,
  // which answers with the way to the sign-in page, and otherwise once it is no passing hitch.
  const HITCHES = 3;
  const LONGEST = 300; // seconds
  const seconds = Number(document.body.dataset.refreshSeconds);
  let failed = 0;
  let due;
  const asServed = new WeakMap();
  async function refresh() {
    clearTimeout(due);
    if (document.hidden) return;
    let isOver = false;
    try {
      const answer = await fetch(location.pathname + location.search, { headers: { "Doorward-Refresh": "1" }, redirect: "manual" });
      isOver = answer.type === "opaqueredirect";
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const element of document.querySelectorAll("[data-live][id]")) replace(element, fresh.getElementById(element.id));
      failed = 0;
    } catch {
      failed += 1;
    }
    document.querySelector(".stale").hidden = !isOver && failed < HITCHES;
    clearTimeout(due);
    due = setTimeout(refresh, Math.min(seconds * 2 ** failed, LONGEST) * 1000);
  }

  // Never under somebody's hands: a part that has the focus or an open confirmation is left alone.
  function replace(old, fresh) {
    if (!fresh || asServed.get(old) === fresh.innerHTML) return;
    if (old.contains(document.activeElement) || old.querySelector("details[open]")) return;
    const said = fresh.dataset.live;
    if (said && said !== old.dataset.live) {
      announce(said);
      const told = document.querySelector(".notices.told"); // of how things stood before
      if (told && !told.contains(document.activeElement)) told.remove();
    }
    asServed.set(fresh, fresh.innerHTML);
    old.replaceWith(document.adoptNode(fresh));
    revealScripted(fresh);
  }

  // What a form would do is told below it while it is filled in: the gist of the page that its button leads to.
  const asked = new WeakMap();
  async function preview(form) {
    const target = document.getElementById(form.dataset.preview);
    const sent = new URLSearchParams(new FormData(form)).toString();
    if (asked.get(form) === sent) return;
    asked.set(form, sent);
    target.replaceChildren();
    if (!form.checkValidity()) return;
    try {
      const answer = await fetch(form.getAttribute("action") + "?dry_run=true", { method: "POST", body: new URLSearchParams(sent), redirect: "error" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (asked.get(form) !== sent) return;
      target.replaceChildren(...page.querySelectorAll("[data-gist], .notice.error"));
    } catch {
      asked.delete(form);
    }
  }

  let typing;
  document.addEventListener("input", (event) => {
    const form = event.target.closest("form[data-preview]");
    clearTimeout(typing);
    if (form) typing = setTimeout(preview, 300, form);
  });

  // What stands behind the "#" of a setup link goes into its form and out of the address: a browser sends it to nobody.
  function takeFragment() {
    const part = document.querySelector("[data-from-fragment]");
    const token = location.hash.slice(1);
    if (!part || !token || document.getElementById(token)) return; // a place on the page, such as the skip link's
    part.querySelector("input").value = token;
    part.hidden = true;
    history.replaceState(null, "", location.pathname);
  }

  // What was done is told once, not again after a reload.
  function forgetDone() {
    const here = new URL(location.href);
    if (!here.searchParams.has("done")) return;
    here.searchParams.delete("done");
    history.replaceState(null, "", here);
  }

  for (const element of document.querySelectorAll("[data-live][id]")) asServed.set(element, element.innerHTML);
  revealScripted(document);
  takeFragment();
  forgetDone();
  openTarget();
  addEventListener("hashchange", () => {
    takeFragment();
    openTarget();
  });
  const wrong = document.querySelector("[aria-invalid='true']");
  if (wrong) {
    openAround(wrong);
    wrong.focus();
  }
  if (seconds && document.querySelector("[data-live][id]")) {
    due = setTimeout(refresh, seconds * 1000);
    document.addEventListener("visibilitychange", refresh);
  }
})();
