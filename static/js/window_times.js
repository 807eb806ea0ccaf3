// A window's end moves along with its start, so that it stays as long as it was: "From" and "To" of WindowForm in
// fleet/muting/forms.py. An end that is no later than the start stays, for a person to correct.
(function () {
  "use strict";

  var length = 0; // milliseconds, as it was when "From" got the focus

  function endOf(start) { return start.form.elements.ends; }
  document.addEventListener("focusin", function (event) {
    if (event.target.name === "starts") { length = endOf(event.target).valueAsNumber - event.target.valueAsNumber; }
  });
  document.addEventListener("input", function (event) {
    if (event.target.name !== "starts" || isNaN(event.target.valueAsNumber) || !(length > 0)) { return; }
    var end = endOf(event.target);
    end.valueAsNumber = event.target.valueAsNumber + length;
    end.dispatchEvent(new Event("input", { bubbles: true })); // for static/js/time_fields.js
  });
})();
