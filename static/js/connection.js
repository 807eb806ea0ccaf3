// While the server can't be reached every page says since when, ages stand still, and what is sent is not lost: a request
// that fails is named, and a form is sent only once the server answers again. plimsoll.js stops the ages at data-lost.
(function () {
  "use strict";

  var GRACE = 5000, CHECK = 3000; // ms; the server restarts the stream now and then
  var NOT_SENT = "Not sent: no connection. What you typed is still here.";
  var root = document.documentElement;
  var failedAt = null, waiting = null, checking = null;

  function banner() { return document.getElementById("connection"); }
  function isLost() { return "lost" in root.dataset; }

  function failed() {
    if (failedAt) { return; }
    failedAt = new Date();
    waiting = window.setTimeout(show, GRACE);
  }

  function show() {
    root.dataset.lost = String(failedAt.getTime());
    var time = document.createElement("time"); // plimsoll.js writes what is in it
    time.dateTime = failedAt.toISOString();
    time.dataset.form = "clock";
    banner().querySelector("time").replaceWith(time);
    banner().hidden = false;
    checking = window.setInterval(function () { answers().then(function (ok) { if (ok) { back(); } }); }, CHECK);
  }

  function back() {
    window.clearTimeout(waiting);
    window.clearInterval(checking);
    failedAt = waiting = checking = null;
    if (!isLost()) { return; }
    delete root.dataset.lost;
    banner().hidden = true;
    var note = document.getElementById("refusal");
    if (note.firstElementChild.textContent === NOT_SENT) { note.hidden = true; }
    // What was missed meanwhile comes by itself with the new stream; the rest asks.
    document.querySelectorAll("[hx-trigger='ask']").forEach(function (element) { htmx.trigger(element, "ask"); });
    document.querySelectorAll("[hx-trigger^='sse:changed']").forEach(function (element) { htmx.trigger(element, "sse:changed"); });
  }

  function answers() {
    return fetch(banner().dataset.check, { cache: "no-store" }).then(function () { return true; }, function () { return false; });
  }

  function sayNotSent() {
    var note = document.getElementById("refusal");
    note.firstElementChild.textContent = NOT_SENT;
    note.lastElementChild.hidden = true;
    note.hidden = false;
    note.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("htmx:sseError", failed);
  document.addEventListener("htmx:sseOpen", back);
  document.addEventListener("htmx:sendError", function (event) {
    failed();
    var cause = event.detail.requestConfig.triggeringEvent;
    if (cause && /^(submit|change|input|click)$/.test(cause.type)) { sayNotSent(); }
  });
  document.addEventListener("htmx:afterOnLoad", back);

  // A browser would show its own page of error, and what was typed would be gone.
  document.addEventListener("submit", function (event) {
    if (!isLost() || event.defaultPrevented) { return; }
    event.preventDefault();
    event.stopPropagation();
    answers().then(function (ok) {
      if (!ok) { sayNotSent(); return; }
      back();
      event.target.requestSubmit(event.submitter);
    });
  }, true);
})();
