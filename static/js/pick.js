// Rows that are ticked on the board stay so when a live update draws them again. A tick in a group's head is one in each
// of its rows, one in the table's head in all of them. "All that match" is for the filters that it was ticked with. What is to
// be done begins with acknowledging only where a row needs it.
(function () {
  "use strict";

  var picked = new Set(), filtered = window.location.search;
  var count = document.getElementById("picked");
  if (!count) { return; }
  var action = document.getElementById("bulk-action"), isChosen = false;
  action.addEventListener("change", function () { isChosen = true; });
  function rows(root) { return Array.from(root.querySelectorAll(".row .col-pick input")); }

  function show() {
    rows(document).forEach(function (box) { box.checked = picked.has(box.value); });
    document.querySelectorAll("[data-pick-group], [data-pick-all]").forEach(function (head) {
      var mine = rows(head.closest(head.matches("[data-pick-all]") ? "table" : "tbody"));
      var on = mine.filter(function (box) { return box.checked; }).length;
      head.checked = on > 0 && on === mine.length;
      head.indeterminate = on > 0 && on < mine.length;
    });
    var on = rows(document).filter(function (box) { return box.checked; });
    count.textContent = on.length ? on.length + " selected" : "";
    document.getElementById("fitting").textContent = document.getElementById("cursor").dataset.fitting;
    if (filtered !== window.location.search) {
      filtered = window.location.search;
      document.querySelector("#bulk [name='all']").checked = false;
    }
    if (isChosen || !on.length) { return; }
    var trouble = on.some(function (box) { return box.closest(".row").matches(":is(.s-down, .s-degraded):not(.is-known)"); });
    action.value = trouble ? "acknowledge" : "silence";
  }

  document.addEventListener("change", function (event) {
    var box = event.target;
    var boxes = box.matches(".row .col-pick input") ? [box] :
      box.matches("[data-pick-all]") ? rows(box.closest("table")) :
      box.matches("[data-pick-group]") ? rows(box.closest("tbody")) : [];
    boxes.forEach(function (each) { if (box.checked) { picked.add(each.value); } else { picked.delete(each.value); } });
    if (boxes.length) { show(); }
  });
  document.addEventListener("htmx:afterSettle", show);

  // What the browser remembers of the page counts, too.
  rows(document).forEach(function (box) { if (box.checked) { picked.add(box.value); } });
  show();
})();
