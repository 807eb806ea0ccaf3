// Escape leads back to the board. The wall has nobody who reloads it: when its stream is lost and the server answers
// again, it does so itself.
(function () {
  "use strict";

  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { document.querySelector(".brand").click(); }
  });

  window.setInterval(function () {
    if (document.getElementById("live").dataset.state !== "reconnecting") { return; }
    fetch(window.location.href, { method: "HEAD" }).then(function (answer) {
      if (answer.ok) { window.location.reload(); }
    }).catch(function () { /* not there yet */ });
  }, 10000);
})();
