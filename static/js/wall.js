// The board on the wall has nobody who reloads it: when its stream is lost and the server answers again, it does so itself.
(function () {
  "use strict";

  window.setInterval(function () {
    if (document.getElementById("live").dataset.state !== "reconnecting") { return; }
    fetch(window.location.href, { method: "HEAD" }).then(function (answer) {
      if (answer.ok) { window.location.reload(); }
    }).catch(function () { /* not there yet */ });
  }, 10000);
})();
