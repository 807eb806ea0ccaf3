// Passkeys: <form data-passkey="create|get"> with an input "credential" and a p.error asks the browser for one when it is
// sent. What to ask for is in data-options, or comes from the address in data-options-at. Its button comes disabled: sent
// before this script is there, the form would go without a passkey.
(function () {
  "use strict";

  var WHY = {
    NotAllowedError: "The browser gave no passkey. Either it was cancelled or took too long, or this device has none for Plimsoll.",
    InvalidStateError: "This device has a passkey of your account already.",
    SecurityError: "Browsers give passkeys only to https addresses and to localhost, and never to a bare IP address. " +
      "Open Plimsoll by its name."
  };

  function optionsOf(form) {
    if (form.dataset.options) { return Promise.resolve(JSON.parse(form.dataset.options)); }
    return fetch(form.dataset.optionsAt, { headers: { Accept: "application/json" } }).then(function (answer) {
      if (!answer.ok) { throw new Error("The server answered " + answer.status + ". Wait a minute, then try again."); }
      return answer.json();
    }).then(function (answer) { return answer.request_options; });
  }

  function create(form, options) {
    var alone = form.elements.passwordless.checked, wanted = options.publicKey.authenticatorSelection;
    wanted.residentKey = alone ? "required" : "discouraged";
    wanted.requireResidentKey = alone;
    if (alone) { wanted.userVerification = "required"; }
    return window.webauthnJSON.create(options);
  }

  function ask(form) {
    if (!window.PublicKeyCredential) { return Promise.reject(new DOMException("", "SecurityError")); }
    return optionsOf(form).then(function (options) {
      return form.dataset.passkey === "create" ? create(form, options) : window.webauthnJSON.get(options);
    });
  }

  document.addEventListener("submit", function (event) {
    var form = event.target.closest("form[data-passkey]");
    if (!form) { return; }
    event.preventDefault();
    var said = form.querySelector(".error[role=alert]");
    said.hidden = true;
    ask(form).then(function (credential) {
      form.elements.credential.value = JSON.stringify(credential);
      form.submit();
    }).catch(function (error) {
      said.textContent = WHY[error.name] || error.message;
      said.hidden = false;
    });
  });

  document.querySelectorAll("form[data-passkey] [type=submit]").forEach(function (button) { button.disabled = false; });
})();
