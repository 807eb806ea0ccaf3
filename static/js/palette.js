// The palette: Ctrl-K or Cmd-K, or the button Search, opens the search of the whole site over the page. Without this
// script the button leads to the page /search/.
(function () {
  "use strict";

  var dialog = document.getElementById("palette");
  var input = document.getElementById("palette-q"), button = document.getElementById("search-button");
  if (!button) { return; } // the board on the wall

  function options() { return Array.from(document.querySelectorAll("#palette-list [role='option']")); }
  function chosen() { return document.getElementById(input.getAttribute("aria-activedescendant") || ""); }

  function choose(option) {
    options().forEach(function (each) { each.setAttribute("aria-selected", String(each === option)); });
    if (!option) { input.removeAttribute("aria-activedescendant"); return; }
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function open() {
    if (dialog.open || document.querySelector("dialog[open]")) { return; }
    dialog.showModal();
    input.select();
    htmx.trigger(input, "ask");
  }

  document.addEventListener("keydown", function (event) {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) { return; }
    event.preventDefault();
    if (dialog.open) { dialog.close(); } else { open(); }
  });

  button.setAttribute("aria-haspopup", "dialog");
  button.addEventListener("click", function (event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) { return; } // in another tab
    event.preventDefault();
    open();
  });

  input.addEventListener("keydown", function (event) {
    var all = options(), at = all.indexOf(chosen());
    var to = { ArrowDown: (at + 1) % all.length, ArrowUp: (at - 1 + all.length) % all.length }[event.key];
    if (all.length && to !== undefined) {
      event.preventDefault();
      choose(all[to]);
    } else if (event.key === "Enter" && chosen() && !event.isComposing) {
      event.preventDefault();
      chosen().click();
    }
  });

  dialog.addEventListener("click", function (event) { if (event.target === dialog) { dialog.close(); } });

  document.addEventListener("htmx:afterSettle", function (event) {
    if (!dialog.contains(event.target)) { return; }
    choose(options()[0]);
    var count = Number(document.getElementById("palette-list").dataset.count);
    document.getElementById("palette-count").textContent = count === 1 ? "1 result" : count + " results";
  });
})();
