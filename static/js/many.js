// <input type="file" data-into="id of a textarea">: the text of the chosen file goes there. No file is sent.
(function () {
  "use strict";

  document.addEventListener("change", function (event) {
    var file = event.target.dataset.into && event.target.files[0];
    if (!file) { return; }
    file.text().then(function (text) { document.getElementById(event.target.dataset.into).value = text; });
  });
})();
