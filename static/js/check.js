// A check that found the port of a bare host puts the whole address into its field, unless more was typed meanwhile.
(function () {
  "use strict";

  document.addEventListener("htmx:afterSwap", function (event) {
    var result = event.target.querySelector("[data-found]"), field = document.getElementById("id_url");
    if (result && field.value.trim() === result.dataset.typed) { field.value = result.dataset.found; }
  });
})();
