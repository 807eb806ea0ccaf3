// Date and time fields are the browser's own, which knows nothing of the clock chosen on the account page. Where one was
// chosen, what is in such a field stands below it on that clock.
(function () {
  "use strict";

  if (!document.documentElement.dataset.clock) { return; }
  var FIELDS = "input:is([type='time'], [type='date'], [type='datetime-local'])";
  var TIME = { hour: "2-digit", minute: "2-digit" };
  var DAY = { weekday: "short", day: "numeric", month: "short", year: "numeric" };
  var formats = {
    "time": formatOf(TIME), "date": formatOf(DAY), "datetime-local": formatOf(Object.assign({}, DAY, TIME))
  };

  // What is typed has no zone: it is read and written as if it were UTC.
  function formatOf(options) { return window.plimsoll.formatOf(Object.assign({}, options, { timeZone: "UTC" })); }

  function show(field) {
    var words = field.nextElementSibling;
    if (!words || !words.matches("output.in-words")) {
      words = document.createElement("output");
      words.className = "in-words help";
      words.htmlFor = field.id;
      field.after(words);
    }
    var text = isNaN(field.valueAsNumber) ? "" : formats[field.type].format(field.valueAsNumber);
    if (words.textContent !== text) { words.textContent = text; }
  }
  function showAll() { document.querySelectorAll(FIELDS).forEach(show); }

  document.addEventListener("input", function (event) { if (event.target.matches(FIELDS)) { show(event.target); } });
  // After the scripts that fill them in.
  document.addEventListener("htmx:load", function () { window.setTimeout(showAll); });
  document.addEventListener("DOMContentLoaded", showAll);
})();
