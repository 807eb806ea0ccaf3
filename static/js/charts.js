// Charts: a readout that follows pointer, finger and arrow keys, one cursor over all charts of the page, zooming by
// dragging, by Shift, arrows and Enter, or at the place last read, and clock times of the reader's zone and clock, which
// plimsoll.js knows. The picture itself is the server's SVG.
(function () {
  "use strict";

  var UNITS = 2, HEIGHT = 200; // as fleet/display/time_charts.py: units of a bucket's width, and of the plot's height
  var DAY = 86400;
  var STEPS = [10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, DAY, 2 * DAY, 5 * DAY, 15 * DAY];
  var plots = [], anchor = null; // the bucket at which a selection began
  var touched = null; // the bucket at which pointer or finger came down
  var read = null; // the plot that was last clicked, touched or read by keys
  var refocus = -1; // the plot that had the focus when it was asked for another time

  var dateFormat = window.plimsoll.formatOf;
  var TIME = { hour: "2-digit", minute: "2-digit" }, DATE = { day: "numeric", month: "short" };
  var SECOND = { second: "2-digit" };
  var formats = {
    date: dateFormat(DATE), time: dateFormat(TIME), second: dateFormat(Object.assign({}, TIME, SECOND)),
    both: dateFormat(Object.assign({}, DATE, TIME)), all: dateFormat(Object.assign({}, DATE, TIME, SECOND))
  };

  function svg(name, attributes, parent) {
    var element = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.keys(attributes).forEach(function (key) { element.setAttribute(key, attributes[key]); });
    return parent.appendChild(element);
  }

  function localSeconds(seconds) { return window.plimsoll.wall(seconds * 1000) / 1000; }
  function zoneName(seconds) { return window.plimsoll.zoneNameAt(seconds * 1000); }
  function day(seconds) { return Math.floor(localSeconds(seconds) / DAY); }

  // "mean", "mean/low/high" or "/low/high" for each bucket; "=" is the one before.
  function values(text) {
    var before = "";
    return text.split(",").map(function (each) { return (before = each === "=" ? before : each); });
  }

  // Where probes are rarer than buckets a figure stands for those around it, up to half-way to the next one.
  function reach(values) {
    var places = values.flatMap(function (value, at) { return value ? [at] : []; });
    var gaps = places.slice(1).map(function (at, number) { return at - places[number]; });
    return gaps.length ? Math.floor(gaps.sort(function (a, b) { return a - b; })[Math.floor(gaps.length / 2)] / 2) : 0;
  }
  function valueAt(line, bucket) {
    for (var by = 0; by <= line.reach; by += 1) {
      if (line.values[bucket - by] || line.values[bucket + by]) { return line.values[bucket - by] || line.values[bucket + by]; }
    }
    return "";
  }

  function figure(text, unit) {
    var parts = text.split("/").map(function (part) { return part === "" ? null : Number(part); });
    unit = unit ? " " + unit : "";
    if (parts[0] !== null) {
      return shown(parts[0]) + unit + (parts.length > 1 ? " (" + shown(parts[1]) + " to " + shown(parts[2]) + ")" : "");
    }
    return text.endsWith("/inf") ? "more than " + shown(parts[1]) + unit : shown(parts[1]) + " to " + shown(parts[2]) + unit;
  }
  function shown(number) { return number.toLocaleString(undefined, { maximumSignificantDigits: Math.abs(number) < 100 ? 3 : 12 }); }

  function spans(elements, x, width) {
    return Array.prototype.map.call(elements, function (element) {
      return { from: Number(x(element)), to: Number(x(element)) + Number(width(element)), element: element };
    });
  }

  function Plot(element) {
    this.area = element.querySelector(".plot-area");
    this.svg = element.querySelector(".plot-svg");
    this.readout = element.parentNode.querySelector(".readout");
    this.start = Number(element.dataset.start);
    this.width = Number(element.dataset.width);
    this.link = element.dataset.link;
    this.unit = element.dataset.unit;
    this.buckets = this.svg.viewBox.baseVal.width / UNITS;
    this.end = this.start + this.buckets * this.width;
    this.lines = Array.from(this.svg.querySelectorAll("[data-values]"), function (line) {
      var found = values(line.dataset.values);
      return { name: line.dataset.name, values: found, reach: reach(found) };
    });
    this.cursor = svg("line", { "class": "cursor", y1: 0, y2: HEIGHT, visibility: "hidden" }, this.svg);
    this.selected = svg("rect", { "class": "selected", height: HEIGHT, width: 0 }, this.svg);
    this.at = this.near(this.buckets - 1, -1);
    this.ticks = element.querySelector(".x-ticks");
    element.querySelector(".x-zone").textContent = zoneName(this.end);
    resized.observe(this.area); // that draws the ticks, too
    var attributes = {
      role: "slider", tabindex: 0, "aria-label": this.area.dataset.title, "aria-valuemin": 0,
      "aria-valuemax": this.buckets - 1, "aria-valuenow": this.at, "aria-valuetext": this.svg.getAttribute("aria-label")
    };
    Object.keys(attributes).forEach(function (key) { this.area.setAttribute(key, attributes[key]); }, this);
  }

  // The next bucket with a figure from this one on, in one direction; the last that there is where none follows.
  Plot.prototype.near = function (bucket, step) {
    bucket = Math.min(Math.max(bucket, 0), this.buckets - 1);
    for (var at = bucket; at >= 0 && at < this.buckets; at += step) { if (this.has(at)) { return at; } }
    for (at = bucket; at >= 0 && at < this.buckets; at -= step) { if (this.has(at)) { return at; } }
    return bucket;
  };
  Plot.prototype.has = function (bucket) { return this.lines.some(function (line) { return line.values[bucket]; }); };

  // Under the pointer: the bucket itself, or one close by where probes are rarer than buckets.
  Plot.prototype.bucketAt = function (clientX) {
    var box = this.area.getBoundingClientRect(), plot = this;
    var bucket = Math.floor((clientX - box.left) / box.width * this.buckets);
    bucket = Math.min(Math.max(bucket, 0), this.buckets - 1);
    var close = [0, -1, 1, -2, 2, -3, 3].find(function (by) { return plot.has(bucket + by); });
    return bucket + (close || 0);
  };

  Plot.prototype.clock = function (seconds) {
    var today = day(seconds) === day(Date.now() / 1000), fine = this.width < 60;
    var format = today ? (fine ? formats.second : formats.time) : (fine ? formats.all : formats.both);
    return format.format(new Date(seconds * 1000));
  };

  Plot.prototype.text = function (bucket) {
    var plot = this, x = bucket * UNITS + UNITS / 2;
    var figures = this.lines.filter(function (line) { return valueAt(line, bucket); }).map(function (line) {
      return (plot.lines.length > 1 ? line.name + " " : "") + figure(valueAt(line, bucket), plot.unit);
    });
    var parts = [this.clock(this.start + bucket * this.width), figures.join(", ") || "no figures"];
    spans(document.querySelectorAll(".band [data-status]"), attribute("x"), attribute("width")).forEach(function (each) {
      var name = each.element.closest(".band").dataset.name;
      if (each.from <= x && x < each.to) { parts.push((name ? name + " " : "") + each.element.dataset.status); }
    });
    spans(document.querySelectorAll(".chart-bands [data-x]"), attribute("data-x"), attribute("data-width")).forEach(function (each) {
      if (each.from <= x + 1 && x - 1 < each.to) { parts.push(each.element.querySelector("a").textContent); }
    });
    return parts.join(" · ");
  };
  function attribute(name) { return function (element) { return element.getAttribute(name); }; }

  Plot.prototype.show = function (bucket) {
    this.at = bucket;
    this.cursor.setAttribute("x1", bucket * UNITS + UNITS / 2);
    this.cursor.setAttribute("x2", bucket * UNITS + UNITS / 2);
    this.cursor.setAttribute("visibility", "visible");
    var low = Math.min(anchor === null ? bucket : anchor, bucket), high = Math.max(anchor === null ? bucket : anchor, bucket);
    this.selected.setAttribute("x", low * UNITS);
    this.selected.setAttribute("width", anchor === null ? 0 : (high - low + 1) * UNITS);
    var text = this.text(bucket);
    if (anchor !== null && high > low) {
      text += " · selected " + this.clock(this.start + low * this.width) + " to " + this.clock(this.start + (high + 1) * this.width);
    }
    this.readout.textContent = text;
    this.area.setAttribute("aria-valuenow", bucket);
    this.area.setAttribute("aria-valuetext", text);
  };
  Plot.prototype.hide = function () {
    this.cursor.setAttribute("visibility", "hidden");
    this.selected.setAttribute("width", 0);
    this.readout.textContent = "";
  };

  // The server's clock times are of UTC: they become those of the reader's zone. One that would leave the plot is left out.
  Plot.prototype.clockTicks = function () {
    var wide = this.area.clientWidth, length = this.end - this.start, before = null;
    var label = length > 240 ? 64 : 84; // px; below, they have seconds
    var most = Math.min(8, wide / (label + 20));
    var step = STEPS.find(function (each) { return each * most >= length; }) || STEPS[STEPS.length - 1];
    this.ticks.textContent = "";
    for (var local = Math.ceil(localSeconds(this.start) / step) * step; local < localSeconds(this.end); local += step) {
      var at = local - (localSeconds(this.start) - this.start);
      at += local - localSeconds(at); // where the clock was changed meanwhile
      var x = (at - this.start) / length;
      if (Math.min(x, 1 - x) * wide < label / 2) { continue; }
      var clock = step < 60 ? formats.second : formats.time;
      var format = step >= DAY || (before !== null && day(at) !== before) ? formats.date : clock;
      var text = svg("text", { x: (100 * x).toFixed(2) + "%", y: 13, "text-anchor": "middle" }, this.ticks);
      text.textContent = format.format(new Date(at * 1000));
      before = day(at);
    }
  };
  var resized = new ResizeObserver(function (entries) {
    entries.forEach(function (entry) {
      var plot = plots.find(function (each) { return each.area === entry.target; });
      if (plot && plot.area.clientWidth) { plot.clockTicks(); }
    });
  });

  function everywhere(plot, bucket) {
    plots.forEach(function (each) {
      if (each.start === plot.start && each.buckets === plot.buckets) { each.show(bucket); }
    });
  }
  function hideAll() { anchor = null; plots.forEach(function (each) { each.hide(); }); }
  function plotOf(event) {
    var area = event.target.closest && event.target.closest(".plot-area");
    return area && plots.find(function (each) { return each.area === area; });
  }

  function field(name) { return document.querySelector(".chart-bar [name='" + name + "']"); }
  function typed(seconds) { return new Date(localSeconds(seconds) * 1000).toISOString().slice(0, 19); }
  function zoom(plot, one, other) {
    if (!field("from") || one === other) { return; }
    var from = plot.start + Math.min(one, other) * plot.width, to = plot.start + (Math.max(one, other) + 1) * plot.width;
    field("from").value = typed(from);
    field("to").value = typed(Math.max(to, from + 60));
    refocus = plots.findIndex(function (each) { return each.area === document.activeElement; });
    field("from").form.requestSubmit();
  }
  // "Zoom in" leads to the middle half of what is shown; after a place was read, to as much around that.
  document.addEventListener("click", function (event) {
    if (event.target.id !== "chart-in" || !read || event.ctrlKey || event.metaKey || event.shiftKey) { return; }
    event.preventDefault();
    event.stopPropagation(); // htmx would follow the link
    var reach = Math.floor(read.buckets / 4);
    zoom(read, Math.max(read.at - reach, 0), Math.min(read.at + reach, read.buckets - 1));
  }, true);
  function follow(plot) { if (plot.link) { window.location.href = plot.link + (plot.start + plot.at * plot.width) + "#hour"; } }

  document.addEventListener("pointermove", function (event) {
    var plot = plotOf(event);
    if (plot) { everywhere(plot, plot.bucketAt(event.clientX)); }
  });
  document.addEventListener("pointerdown", function (event) {
    var plot = plotOf(event);
    if (!plot || event.button !== 0) { return; }
    touched = plot.bucketAt(event.clientX);
    anchor = event.pointerType === "mouse" && field("from") ? touched : null;
    if (anchor !== null) { plot.area.setPointerCapture(event.pointerId); }
    everywhere(plot, touched);
  });
  document.addEventListener("pointerup", function (event) {
    var plot = plotOf(event), began = anchor;
    anchor = null;
    if (!plot) { return; }
    read = plot;
    if (touched === plot.at) { everywhere(plot, plot.at); follow(plot); } else if (began !== null) { zoom(plot, began, plot.at); }
  });
  document.addEventListener("pointerout", function (event) {
    var plot = event.pointerType === "mouse" && plotOf(event); // what a finger found is read after it has left
    if (plot && !plot.area.contains(event.relatedTarget) && document.activeElement !== plot.area) { hideAll(); }
  });
  document.addEventListener("focusin", function (event) { var plot = plotOf(event); if (plot) { everywhere(plot, plot.at); } });
  document.addEventListener("focusout", function (event) { if (plotOf(event)) { hideAll(); } });

  document.addEventListener("keydown", function (event) {
    var plot = plotOf(event);
    if (!plot || event.ctrlKey || event.metaKey || event.altKey) { return; }
    var last = plot.buckets - 1;
    var moves = {
      ArrowLeft: [plot.at - 1, -1], ArrowRight: [plot.at + 1, 1], PageUp: [plot.at + 10, 1], PageDown: [plot.at - 10, -1],
      Home: [0, 1], End: [last, -1]
    };
    if (moves[event.key]) {
      if (event.shiftKey && anchor === null) { anchor = plot.at; }
      if (!event.shiftKey) { anchor = null; }
      read = plot;
      everywhere(plot, plot.near(moves[event.key][0], moves[event.key][1]));
    } else if (event.key === "Enter" && anchor !== null) {
      zoom(plot, anchor, plot.at);
    } else if (event.key === "Enter") {
      follow(plot);
    } else if (event.key === "Escape" && anchor !== null) {
      anchor = null;
      everywhere(plot, plot.at);
    } else { return; }
    event.preventDefault();
  });

  function start() {
    plots = plots.filter(function (plot) { return plot.area.isConnected; });
    if (!plots.includes(read)) { read = null; }
    document.querySelectorAll(".plot:not([data-ready])").forEach(function (element) {
      element.dataset.ready = "";
      plots.push(new Plot(element));
      if (plots.length - 1 === refocus) { refocus = -1; plots[plots.length - 1].area.focus(); }
    });
    document.querySelectorAll(".chart-bar [data-at]").forEach(function (input) {
      input.value = typed(Number(input.dataset.at));
      delete input.dataset.at;
      field("zone").value = window.plimsoll.zone;
      document.getElementById("chart-zone").textContent = zoneName(Date.now() / 1000);
    });
  }
  start();
  document.addEventListener("htmx:load", start);
})();
