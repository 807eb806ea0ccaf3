// Small helpers for every page: fresh times, copy buttons, the live indicator. Nothing here is needed to use a page.
(function () {
  "use strict";

  document.documentElement.classList.add("js");

  // The zone and the clock of the account page, else the browser's own. A browser may not know every zone's name.
  function usual() {
    var chosen = document.documentElement.dataset;
    var options = chosen.clock ? { hourCycle: chosen.clock === "12" ? "h12" : "h23" } : {};
    try {
      new Intl.DateTimeFormat(undefined, { timeZone: chosen.zone });
      return Object.assign(options, { timeZone: chosen.zone });
    } catch (unknown) { return options; }
  }
  var USUAL = usual();
  function formatOf(options) { return new Intl.DateTimeFormat(undefined, Object.assign({}, USUAL, options)); }

  // Times: <time datetime data-form="since|ago|clock|exact">
  var UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  var fullTime = formatOf({ dateStyle: "medium", timeStyle: "medium" });
  var zoneName = formatOf({ timeZoneName: "short" });
  var day = formatOf({ dateStyle: "short" });
  var HOUR = { hour: "2-digit", minute: "2-digit" }, SECOND = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  var DAY = { day: "numeric", month: "short" }, YEAR = { year: "numeric" };
  var clocks = { clock: clockOf(HOUR), exact: clockOf(SECOND), dated: clockOf(Object.assign({}, DAY, HOUR)) };

  function clockOf(time) {
    return {
      today: formatOf(time),
      sameYear: formatOf(Object.assign({}, DAY, time)),
      other: formatOf(Object.assign({}, DAY, YEAR, time))
    };
  }

  // What a clock on the wall of the reader's zone shows, in ms, as if it were UTC. Swedish is written as ISO 8601 is.
  var iso = new Intl.DateTimeFormat("sv", { timeZone: USUAL.timeZone, dateStyle: "short", timeStyle: "medium" });
  function wall(at) { return Date.parse(iso.format(at).replace(" ", "T") + "Z"); }
  function zoneNameAt(at) {
    return zoneName.formatToParts(at).find(function (part) { return part.type === "timeZoneName"; }).value;
  }
  window.plimsoll = { freshen: freshen, formatOf: formatOf, wall: wall, zoneNameAt: zoneNameAt, zone: zoneName.resolvedOptions().timeZone };

  function span(seconds) {
    var whole = Math.max(0, Math.floor(seconds));
    var unit = UNITS.find(function (u) { return whole >= u[0]; }) || UNITS[3];
    return Math.floor(whole / unit[0]) + " " + unit[1];
  }

  // Empty, but in an hour that the clock shows twice: then the name of the zone.
  function zoneOf(at) {
    var shown = wall(at);
    var twice = [-60, -30, 30, 60].some(function (minutes) { return wall(at.getTime() + minutes * 60000) === shown; });
    return twice ? " " + zoneNameAt(at) : "";
  }

  function timeText(form, at, now) {
    if (clocks[form]) {
      var years = [at, now].map(function (moment) { return new Date(wall(moment)).getUTCFullYear(); });
      var far = day.format(at) === day.format(now) ? "today" : years[0] === years[1] ? "sameYear" : "other";
      return clocks[form][far].format(at) + zoneOf(at);
    }
    var lasted = span((now - at) / 1000);
    return form === "ago" ? lasted + " ago" : lasted;
  }

  function freshen() {
    if (document.hidden) { return; }
    var lost = document.documentElement.dataset.lost; // static/js/connection.js
    var now = lost ? new Date(Number(lost)) : new Date();
    document.querySelectorAll("time[data-form]").forEach(function (element) {
      var at = element.plimsollAt;
      if (!at) {
        at = element.plimsollAt = new Date(element.dateTime);
        element.title = fullTime.format(at);
      }
      var text = timeText(element.dataset.form, at, now);
      if (element.textContent !== text) { element.textContent = text; }
    });
  }

  // Forms with times: <input or select data-zone> gets the reader's time zone, <span data-zone> its name.
  function fillZones() {
    var zone = window.plimsoll.zone;
    document.querySelectorAll("body [data-zone]").forEach(function (element) {
      if (element.tagName === "SPAN") { element.textContent = zone; return; }
      var before = element.value;
      element.value = zone;
      if (!element.value) { element.value = before; } // a select without that zone
    });
    // The choices of fleet.muting.forms.MORNINGS: the next 9:00 is today's or, from 9:00 on, the same as tomorrow's.
    var nine = new Intl.DateTimeFormat(undefined, Object.assign({}, HOUR, USUAL, { timeZone: "UTC" })).format(9 * 3600000);
    document.querySelectorAll('option:is([value="morning"], [value="tomorrow"])').forEach(function (option) {
      option.textContent = option.textContent.replace("9:00", nine);
    });
    var early = new Date(wall(new Date())).getUTCHours() < 9;
    document.querySelectorAll('option[value="morning"]').forEach(function (option) {
      if (early) { option.textContent = "until this morning, " + nine; return; }
      if (option.selected) { option.parentNode.value = "tomorrow"; }
      option.remove();
    });
    // <input type="datetime-local" data-hours-ahead="1">: the next full hour by the reader's clock, 2: the one after, 0: now.
    document.querySelectorAll("[data-hours-ahead]").forEach(function (element) {
      if (element.value !== element.defaultValue) { return; }
      var ahead = Number(element.dataset.hoursAhead), now = wall(new Date());
      var at = ahead ? (Math.floor(now / 3600000) + ahead) * 3600000 : now;
      element.value = new Date(at).toISOString().slice(0, 16);
    });
  }

  // Copy buttons: <button class="copy" data-copy="id of the element whose text is copied" hidden>
  function showCopyButtons() {
    if (!navigator.clipboard) { return; }
    document.querySelectorAll("button[data-copy][hidden]").forEach(function (button) { button.hidden = false; });
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("button[data-copy]");
    if (!button) { return; }
    navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim()).then(function () {
      var before = button.textContent;
      button.textContent = "Copied";
      button.dataset.done = "";
      window.setTimeout(function () { button.textContent = before; delete button.dataset.done; }, 2000);
    });
  });

  document.addEventListener("click", function (event) {
    if (event.target.closest("button[data-print]")) { window.print(); }
  });

  // Buttons that show what is typed: <button data-show="id of the password field">
  document.addEventListener("click", function (event) {
    var button = event.target.closest("button[data-show]");
    if (!button) { return; }
    var field = document.getElementById(button.dataset.show), shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.textContent = shown ? "Hide" : "Show";
  });

  // Long lists of ticks: <input type="search" data-narrows="id of the list">. What is ticked stays in sight.
  document.addEventListener("input", function (event) {
    var list = document.getElementById(event.target.dataset.narrows), wanted = event.target.value.trim().toLowerCase();
    if (!list) { return; }
    list.querySelectorAll("label").forEach(function (label) {
      label.hidden = !label.control.checked && !label.textContent.toLowerCase().includes(wanted);
    });
  });

  // Forms that filter as one changes them: <form data-auto>
  document.addEventListener("change", function (event) {
    var form = event.target.form;
    if (form && form.hasAttribute("data-auto") && event.target.tagName === "SELECT") { form.requestSubmit(); }
  });

  // Forms that htmx sends as one answers: what was ticked before htmx was there, or came back with the browser's
  // memory of the page, counts too.
  window.addEventListener("load", function () {
    document.querySelectorAll("form[hx-trigger='change']").forEach(function (form) {
      var ticked = Array.from(form.elements).find(function (input) { return input.checked !== input.defaultChecked; });
      if (ticked) { ticked.dispatchEvent(new Event("change", { bubbles: true })); }
    });
  });

  // A double click sends a form once.
  var sentAt = new WeakMap();
  document.addEventListener("submit", function (event) {
    if (event.target.method !== "post") { return; }
    if (event.timeStamp - sentAt.get(event.target) < 1000) { event.preventDefault(); return; }
    sentAt.set(event.target, event.timeStamp);
  });

  // What htmx was refused is a plain sentence (config/fragments.py), shown until the same request succeeds. When the
  // session has ended the page is reloaded, unless that would lose what was typed.
  var refused = null;
  function isTyped() {
    var fields = document.querySelectorAll("main form[method='post'] :is(input:not([type='hidden']), textarea)");
    return Array.from(fields).some(function (field) {
      return field.value !== field.defaultValue || Boolean(field.checked) !== Boolean(field.defaultChecked);
    });
  }
  function showRefusal(xhr, path) {
    var element = document.getElementById("refusal"), plain = /^text\/plain/.test(xhr.getResponseHeader("Content-Type") || "");
    refused = { path: path, signedOut: xhr.status === 401 };
    element.firstElementChild.textContent = plain ? xhr.responseText : "The server could not answer. Try again, or reload the page.";
    element.lastElementChild.hidden = !refused.signedOut;
    element.hidden = false;
  }
  function pathOf(event) { return event.detail.pathInfo.requestPath.split("?")[0]; }
  document.addEventListener("htmx:beforeOnLoad", function (event) {
    if (event.detail.xhr.status !== 401 || !isTyped()) { return; }
    event.preventDefault();
    showRefusal(event.detail.xhr, pathOf(event));
  });
  document.addEventListener("htmx:responseError", function (event) { showRefusal(event.detail.xhr, pathOf(event)); });
  document.addEventListener("htmx:afterRequest", function (event) {
    if (refused && event.detail.successful && (refused.signedOut || refused.path === pathOf(event))) {
      document.getElementById("refusal").hidden = true;
      refused = null;
    }
    // Each sign-in, also in another tab, makes a new token, and the banner brings it.
    var token = event.detail.xhr.getResponseHeader("X-CSRFToken");
    if (!token) { return; }
    document.querySelectorAll("input[name='csrfmiddlewaretoken']").forEach(function (input) { input.value = token; });
    var headers = JSON.parse(document.body.getAttribute("hx-headers"));
    document.body.setAttribute("hx-headers", JSON.stringify(Object.assign(headers, { "X-CSRFToken": token })));
  });

  // An open menu closes on Escape or a click elsewhere.
  function closeMenus(except) {
    document.querySelectorAll("details.menu[open]").forEach(function (menu) { if (menu !== except) { menu.open = false; } });
  }
  document.addEventListener("click", function (event) { closeMenus(event.target.closest("details.menu")); });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") { return; }
    var menu = document.querySelector("details.menu[open]");
    closeMenus(null);
    if (menu) { menu.querySelector("summary").focus(); }
  });

  // The live indicator follows the event stream. It speaks only when the state really changed, and a short
  // break (the server restarts the stream now and then) is not worth a word.
  var lost = null;
  function setLive(state) {
    var element = document.getElementById("live");
    if (!element) { return; }
    element.hidden = false;
    if (element.dataset.state !== state) { element.dataset.state = state; element.textContent = state; }
  }
  document.addEventListener("htmx:sseOpen", function () {
    window.clearTimeout(lost);
    lost = null;
    setLive("live");
  });
  document.addEventListener("htmx:sseError", function () {
    if (lost === null) { lost = window.setTimeout(function () { setLive("reconnecting"); }, 1500); }
  });

  // The server ends a person's oldest stream when they have too many. The pages that shared it (live.js) then ask
  // once a minute instead.
  document.addEventListener("htmx:sseClose", function (event) {
    if (event.detail.type !== "message") { return; }
    setLive("every minute");
    document.getElementById("live").title = "So many live pages are open, here or in your other browsers, that this one is " +
      "brought up to date once a minute. Close some and reload it.";
    window.setInterval(function () {
      document.querySelectorAll("[hx-trigger^='sse:changed']").forEach(function (element) { htmx.trigger(element, "sse:changed"); });
      document.querySelectorAll("[hx-trigger='ask']").forEach(function (element) { htmx.trigger(element, "ask"); });
    }, 60000);
  });

  // What someone unfolded stays unfolded when a live update replaces its surroundings.
  var unfolded = [];
  // The list of probes moves down with each: while one is read, it waits.
  document.addEventListener("htmx:oobBeforeSwap", function (event) {
    if (event.detail.target.matches("#probe-list:has(details[open])")) { event.preventDefault(); return; }
    var open = event.detail.target.querySelectorAll("details[open][id]");
    unfolded = Array.prototype.map.call(open, function (details) { return details.id; });
  });
  document.addEventListener("htmx:oobAfterSwap", function () {
    unfolded.forEach(function (id) {
      var details = document.getElementById(id);
      if (details) { details.open = true; }
    });
  });

  // On a phone filters are folded: what is wrong comes first.
  document.addEventListener("click", function (event) {
    var button = event.target.closest(".filter-fold");
    if (button) { button.setAttribute("aria-expanded", String(button.getAttribute("aria-expanded") !== "true")); }
  });

  // The icon shows trouble in one's own teams, as the banner brings it; the board's own follows its filters (board.js).
  function showIcon() {
    var banner = document.querySelector("#banner [data-icon]"), icon = document.querySelector("link[rel='icon']");
    if (!banner || document.getElementById("head") || icon.getAttribute("href") === banner.dataset.icon) { return; }
    icon.href = banner.dataset.icon;
  }

  // A form that was refused begins where it has to be corrected: at its first such field, else at what it says on top.
  function showMistake() {
    var form = document.querySelector("main form[method='post']:has(:is([aria-invalid='true'], .error-summary))");
    if (!form || document.querySelector("[autofocus]:focus")) { return; }
    var mistake = form.querySelector("[aria-invalid='true']:not([type='hidden'])") || form.querySelector(".error-summary");
    if (!mistake) { return; }
    if (mistake.matches(".error-summary")) { mistake.tabIndex = -1; }
    mistake.focus();
  }

  function start() {
    freshen();
    showIcon();
    showCopyButtons();
    fillZones();
    showMistake();
    window.setInterval(freshen, 1000);
    document.addEventListener("visibilitychange", freshen);
    document.body.addEventListener("htmx:afterSettle", function () { freshen(); showCopyButtons(); showIcon(); });
  }
  if (document.readyState === "loading") { document.addEventListener("DOMContentLoaded", start); } else { start(); }
})();
