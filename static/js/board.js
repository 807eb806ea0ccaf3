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
})();
