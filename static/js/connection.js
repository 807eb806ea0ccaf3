// While the server can't be reached every page says since when, ages stand still, and what is sent is not lost: a request
// that fails is named, and a form is sent only once the server answers. plimsoll.js stops the ages at data-lost.
(function () {
  "use strict";

  var FIRST_CHECK = 1000, CHECK = 3000, ANSWER_WITHIN = 5000, TRUSTED = 2000; // ms
  var NOT_SENT = "Not sent: no connection. What you typed is still here.";
  var SEND_AGAIN = "Not sent: there was no connection. It is back: send it again.";
  var root = document.documentElement;
  var failedAt = null, checking = null, asking = null, passed = null, heardAt = 0; // ms since the page was asked for

  function banner() { return document.getElementById("connection"); }
  function isLost() { return "lost" in root.dataset; }

  // The server ends the stream now and then although it answers: so it is asked before the page says anything.
  function failed() {
    if (failedAt) { return; }
    failedAt = new Date();
    checking = window.setTimeout(check, FIRST_CHECK);
  }

  function check() {
    answers().then(function (ok) {
      if (!failedAt) { return; }
      if (ok) { back(); return; }
      show();
      checking = window.setTimeout(check, CHECK);
    });
  }

  function show() {
    if (isLost()) { return; }
    root.dataset.lost = String(failedAt.getTime());
    var time = document.createElement("time");
    time.dateTime = failedAt.toISOString();
    time.dataset.form = "clock";
    banner().querySelector("time").replaceWith(time);
    window.plimsoll.freshen(); // else what is read out has no time
    banner().hidden = false;
  }

  function back() {
    heardAt = performance.now();
    window.clearTimeout(checking);
    failedAt = checking = null;
    if (!isLost()) { return; }
    delete root.dataset.lost;
    banner().hidden = true;
    document.querySelectorAll(".not-sent").forEach(function (note) { note.textContent = SEND_AGAIN; });
    var note = document.getElementById("refusal");
    if (note.firstElementChild.textContent === NOT_SENT) { note.hidden = true; }
    // What was missed meanwhile comes by itself with the new stream; the rest asks.
    document.querySelectorAll("[hx-trigger='ask']").forEach(function (element) { htmx.trigger(element, "ask"); });
    document.querySelectorAll("[hx-trigger^='sse:changed']").forEach(function (element) { htmx.trigger(element, "sse:changed"); });
  }

  // A proxy in front of a server that is gone answers by itself.
  function answers() {
    var options = { cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN) };
    return fetch(banner().dataset.check, options).then(function (answer) {
      return ![502, 503, 504].includes(answer.status);
    }, function () { return false; });
  }

  function noteOf(form) { return form.querySelector(".not-sent"); }

  function holdBack(form) {
    failed();
    show();
    var note = noteOf(form) || document.createElement("p");
    note.className = "not-sent msg msg-warning";
    note.tabIndex = -1;
    note.setAttribute("role", "alert");
    note.textContent = NOT_SENT;
    form.append(note);
    note.focus();
  }

  document.addEventListener("htmx:sseError", failed);
  document.addEventListener("htmx:sseOpen", back);
  window.addEventListener("offline", failed);
  document.addEventListener("htmx:timeout", failed);
  document.addEventListener("htmx:sendError", function (event) {
    failed();
    var cause = event.detail.requestConfig.triggeringEvent;
    if (!cause || !/^(submit|change|input|click)$/.test(cause.type)) { return; }
    var note = document.getElementById("refusal");
    note.firstElementChild.textContent = NOT_SENT;
    note.lastElementChild.hidden = true;
    note.hidden = false;
    note.scrollIntoView({ block: "nearest" });
  });
  document.addEventListener("htmx:afterOnLoad", back);

  // Without a server a browser shows its own page of error, and what was typed is gone: so the server is asked first, but
  // right after it was heard. Not for passkeys, which browsers give only upon a click: their script asks the server itself.
  document.addEventListener("submit", function (event) {
    var form = event.target, submitter = event.submitter;
    if (form === passed || form.method === "dialog" || form.matches("[data-passkey]")) { return; }
    if (!failedAt && (form.method !== "post" || performance.now() - heardAt < TRUSTED)) { return; }
    event.preventDefault();
    event.stopPropagation();
    if (form === asking) { return; }
    asking = form;
    answers().then(function (ok) {
      asking = null;
      if (!ok) { holdBack(form); return; }
      back();
      if (noteOf(form)) { noteOf(form).remove(); }
      if (!form.isConnected) { form.hidden = true; document.body.append(form); } // a live update drew it again meanwhile
      passed = form;
      form.requestSubmit(submitter);
      passed = null;
    });
  }, true);
})();
