// Single keys: "/" for the search of the page, j and k from row to row, x to select one, "?" for the list of keys. None counts
// while one types or holds a modifier, and all can be switched off in that list: whoever speaks to the browser needs that.
// In the search Enter leads to the first row that is found, and Escape leaves it as it is; a browser's own Escape clears it.
(function () {
  "use strict";

  var OFF = "plimsoll-keys-off";
  var dialog = document.getElementById("keys"), box = document.getElementById("keys-on");
  var opener = document.getElementById("keys-open");
  if (!opener) { return; } // the board on the wall

  // Storage may be closed to us; then the choice holds for the page.
  function stored() { try { return window.localStorage.getItem(OFF) === null; } catch (error) { return true; } }
  function store(on) {
    try { if (on) { window.localStorage.removeItem(OFF); } else { window.localStorage.setItem(OFF, "1"); } } catch (error) { return; }
  }

  box.checked = stored();
  box.addEventListener("change", function () { store(box.checked); });
  window.addEventListener("storage", function () { box.checked = stored(); }); // switched in another tab
  opener.addEventListener("click", function () {
    this.closest("details").open = false;
    dialog.showModal();
  });

  function rows() {
    return Array.from(document.querySelectorAll("#main tbody tr > th[scope='row'] > a:first-of-type")).filter(function (link) {
      return link.getClientRects().length; // not in a folded group
    });
  }

  function step(by) {
    var all = rows(), row = document.activeElement.closest("tr");
    var at = all.findIndex(function (link) { return link.closest("tr") === row; });
    var next = at < 0 ? all[0] : all[Math.min(all.length - 1, Math.max(0, at + by))];
    if (!next) { return false; }
    next.focus({ focusVisible: true });
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  function searchField() { return document.querySelector("#main input[type='search']"); }
  function search() {
    var field = searchField();
    if (!field) { return false; }
    field.focus();
    field.select();
    return true;
  }

  function select() {
    var row = document.activeElement.closest("tr"), tick = row && row.querySelector(".col-pick input");
    if (!tick) { return false; }
    tick.click();
    return true;
  }

  // Enter leaves the search at once, so that a j that comes before the answer is not typed into it.
  var searched = null; // the form whose answer is waited for
  document.addEventListener("submit", function (event) {
    var field = document.activeElement;
    if (!box.checked || field !== searchField() || field.form !== event.target || !event.target.matches("[hx-get]")) { return; }
    searched = event.target;
    field.blur();
  });
  document.addEventListener("htmx:afterSettle", function (event) {
    if (!searched || event.detail.requestConfig.elt !== searched) { return; }
    searched = null;
    if (document.activeElement === document.body && !step(1)) { search(); }
  });

  var KEYS = {
    "/": search,
    "j": function () { return step(1); },
    "k": function () { return step(-1); },
    "x": select,
    "?": function () { dialog.showModal(); return true; }
  };

  document.addEventListener("keydown", function (event) {
    if (box.checked && event.key === "Escape" && event.target === searchField() && !event.isComposing) {
      event.preventDefault();
      event.target.blur();
    }
    var typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (!box.checked || typing || event.defaultPrevented || event.isComposing) { return; }
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) { return; }
    if (KEYS.hasOwnProperty(event.key) && KEYS[event.key]()) { event.preventDefault(); }
  });
})();
