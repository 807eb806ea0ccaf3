// The live board. The whole board gets its changes by the stream, as pieces of HTML that follow a cursor; one with filters
// asks for its own. What does not follow from what is shown is not taken: the board asks, and so catches up.
(function () {
  "use strict";

  // A cursor of fleet/queries/board.py: when a row changed last, and what moves with regrouping.
  function read(cursor) {
    var parts = cursor.split(".");
    return { changed: Number(parts[0]), rest: parts.slice(1).join(".") };
  }

  function cursorIn(root) { return root.querySelector("#cursor"); }
  function valueOf(cursor) { return read(cursor.querySelector("[name='since']").value); }

  // Whether the pieces were taken, or are older than what is shown.
  function take(html) {
    var pieces = document.createElement("template");
    pieces.innerHTML = html;
    var here = valueOf(cursorIn(document)), sent = cursorIn(pieces.content), to = valueOf(sent);
    if (to.changed < here.changed) { return true; }
    if (pieces.content.querySelector("#board") && "ownLayout" in cursorIn(document).dataset) { return false; }
    if (!pieces.content.querySelector("#board")) {
      var since = read(sent.dataset.since);
      if (here.changed < since.changed || here.rest !== to.rest) { return false; }
      pieces.content.querySelectorAll("template").forEach(function (rows) {
        rows.content.querySelectorAll("tr").forEach(function (row) {
          if (!document.getElementById(row.id)) { row.remove(); } // on another page of the board
        });
      });
    }
    htmx.swap("#stream", pieces.innerHTML, { swapStyle: "none" });
    return true;
  }

  document.addEventListener("htmx:sseBeforeMessage", function (event) {
    if (event.target.id !== "stream") { return; }
    event.preventDefault(); // hx-sse would swap whatever comes
    var message = event.detail, whole = "whole" in cursorIn(document).dataset;
    var stale = message.type === "missed" || (message.type === "board" ? whole && !take(message.data) : !whole);
    if (stale) { htmx.trigger("#stream", "ask"); }
  });

  // Filters chosen while a question is under way: its answer is for the rows shown before, so the board asks again.
  var askedWith = null;
  function filtersShown() {
    return Array.from(cursorIn(document).querySelectorAll("input:not([name='since'])"), (input) => input.name + "=" + input.value).join("&");
  }
  document.addEventListener("htmx:configRequest", function (event) {
    if (event.target.id === "stream") { askedWith = filtersShown(); }
  });
  document.addEventListener("htmx:beforeSwap", function (event) {
    if (event.target.id !== "stream" || askedWith === filtersShown()) { return; }
    event.detail.shouldSwap = false;
    htmx.trigger("#stream", "ask");
  });

  // Groups fold. What was folded or opened is kept in a cookie, so the server draws it so. What others' boards have in
  // common with this one comes without it, and is folded here. Where nothing was chosen the style sheet decides.
  var FOLDS = "board_folds", MOST_FOLDS = 60; // as fleet/queries/layout.py reads it
  var folds = new Map();
  document.querySelectorAll(".group-rows").forEach(function (group) {
    if (group.matches(".is-folded, .is-open")) { folds.set(group.id, group.classList.contains("is-folded")); }
  });

  function showFolds() {
    var groups = document.querySelectorAll(".group-rows");
    groups.forEach(function (group) {
      group.classList.toggle("is-folded", folds.get(group.id) === true);
      group.classList.toggle("is-open", folds.get(group.id) === false);
    });
    var shown = Array.from(groups, function (group) { return group.querySelector(".row").offsetParent !== null; });
    groups.forEach(function (group, number) {
      group.querySelector(".group-fold").setAttribute("aria-expanded", String(shown[number]));
    });
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest(".group-fold");
    if (!button) { return; }
    var id = button.closest(".group-rows").id, isOpen = button.getAttribute("aria-expanded") === "true";
    folds.delete(id); // the last one chosen stands last
    folds.set(id, isOpen);
    var kept = Array.from(folds).slice(-MOST_FOLDS).map(function (fold) { return (fold[1] ? "-" : "+") + fold[0].slice(2); });
    document.cookie = FOLDS + "=" + kept.join(".") + "; path=/; max-age=31536000; samesite=lax";
    showFolds();
  });

  document.addEventListener("htmx:afterSettle", function (event) {
    if (event.target.id === "board") { showFolds(); }
  });
  window.matchMedia("(max-width: 760px)").addEventListener("change", showFolds);
  showFolds();

  // A form that keeps the board as it is goes by the address, which filters moved on without a reload.
  document.addEventListener("submit", function (event) {
    var query = event.target.querySelector("input[data-current]");
    if (query && window.location.search) { query.value = window.location.search.slice(1); }
  });

  // Filters, views and what adds an endpoint stand on a board that has any. The first ones came: it is drawn as a whole.
  document.addEventListener("htmx:afterSettle", function () {
    if (!document.getElementById("board-filters") && !document.querySelector("#board .empty-board")) { window.location.reload(); }
  });

  // A new headline is read out, and the tab's icon follows it.
  function headline() { return document.querySelector("#head h1").textContent; }
  var before = headline();
  document.addEventListener("htmx:afterSettle", function () {
    document.querySelector("link[rel='icon']").href = document.getElementById("head").dataset.icon.trim();
    if (headline() === before) { return; }
    before = headline();
    document.getElementById("headline-spoken").textContent = before;
  });
})();
