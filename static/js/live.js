// The event streams of live pages. A browser opens only six connections to a host over HTTP/1.1, and each stream keeps
// one: with six live pages open, a seventh page would never load. So the tabs of a browser share one stream or, where
// they can't find each other (plain http on another host than localhost), only the pages that are seen have one.
// hx-sse gets its streams from htmx.createEventSource; it uses of an EventSource what Source has.
(function () {
  "use strict";

  var EVENTS = ["changed", "missed", "board", "over"]; // of fleet/live.py
  var UNSEEN = 5000; // ms for which a hidden page keeps its own stream
  var ASK_EVERY = 30000, ANSWER_WITHIN = 3000; // ms; a frozen tab keeps the lock, but does not answer
  var LAST_WORD = 500; // ms in which "over" reaches the other tabs, so that none of them opens a stream

  class Source extends EventTarget {
    constructor(url) {
      super();
      this.url = url;
      this.readyState = EventSource.CONNECTING;
      this.stream = this.onopen = this.onerror = null;
    }

    connect() {
      var stream = this.stream = new EventSource(this.url);
      stream.onopen = () => this.hear("open");
      stream.onerror = () => this.hear(stream.readyState === EventSource.CLOSED ? "closed" : "error");
      EVENTS.forEach((name) => stream.addEventListener(name, (event) => this.hear(name, event.data)));
    }

    disconnect() {
      if (this.stream) { this.stream.close(); }
      this.stream = null;
    }

    hear(word, data) {
      if (EVENTS.includes(word)) { this.dispatchEvent(new MessageEvent(word, { data: data })); return; }
      if (word === "closed") { this.close(); } // hx-sse makes another source after a while
      if (word === "error") { this.readyState = EventSource.CONNECTING; }
      if (word === "open") { this.readyState = EventSource.OPEN; }
      var handler = { open: this.onopen, error: this.onerror, closed: this.onerror }[word];
      if (handler) { handler(new Event(word)); }
    }

    close() {
      this.readyState = EventSource.CLOSED;
      this.disconnect();
    }
  }

  // The tab that has the lock has the stream, and passes what comes on to the others. When it goes, the browser gives
  // the lock to the next one, whose new stream begins with "changed": so nothing is missed.
  class SharedSource extends Source {
    constructor(url, name) {
      super(url);
      this.name = name;
      this.holds = false;
      this.ask = this.ask.bind(this);
      this.channel = new BroadcastChannel(name);
      this.channel.onmessage = (message) => this.answer(message.data.word, message.data.data);
      this.asking = window.setInterval(this.ask, ASK_EVERY);
      document.addEventListener("visibilitychange", this.ask);
      this.queue();
      this.ask();
    }

    queue() {
      this.queued = new AbortController();
      this.request({ signal: this.queued.signal });
    }

    request(options) {
      navigator.locks.request(this.name, options, () => this.hold()).catch(() => {
        if (!this.holds) { return; } // it left the queue
        this.holds = false; // another tab took the lock
        this.disconnect();
        this.queue();
      });
    }

    hold() {
      if (this.readyState === EventSource.CLOSED || this.holds) { return null; }
      window.clearTimeout(this.unanswered);
      this.holds = true;
      this.pass("here");
      this.connect();
      return new Promise((release) => { this.release = release; });
    }

    pass(word, data) {
      this.last = EVENTS.includes(word) ? this.last : word;
      this.channel.postMessage({ word: word, data: data });
    }

    hear(word, data) {
      this.pass(word === "closed" ? "error" : word, data);
      super.hear(word, data);
    }

    ask() {
      if (this.holds) { return; }
      this.channel.postMessage({ word: "who" });
      window.clearTimeout(this.unanswered);
      if (!document.hidden) { this.unanswered = window.setTimeout(() => this.take(), ANSWER_WITHIN); }
    }

    take() {
      this.queued.abort();
      this.request({ steal: true });
    }

    answer(word, data) {
      if (word === "who") {
        if (this.holds) { this.channel.postMessage({ word: this.last }); }
      } else if (!this.holds || word === "over") { // the lock may come sooner than "over"
        window.clearTimeout(this.unanswered);
        if (word !== "open" || this.readyState !== EventSource.OPEN) { super.hear(word, data); }
      }
    }

    close() {
      super.close();
      document.removeEventListener("visibilitychange", this.ask);
      window.clearInterval(this.asking);
      window.clearTimeout(this.unanswered);
      this.channel.close();
      if (!this.holds) { this.queued.abort(); return; }
      this.holds = false;
      window.setTimeout(this.release, LAST_WORD);
    }
  }

  class SeenSource extends Source {
    constructor(url) {
      super(url);
      this.onVisibility = this.onVisibility.bind(this);
      document.addEventListener("visibilitychange", this.onVisibility);
      this.onVisibility();
    }

    onVisibility() {
      window.clearTimeout(this.unseen);
      if (document.hidden) { this.unseen = window.setTimeout(() => this.disconnect(), UNSEEN); }
      else if (!this.stream) { this.connect(); }
    }

    close() {
      super.close();
      document.removeEventListener("visibilitychange", this.onVisibility);
      window.clearTimeout(this.unseen);
    }
  }

  htmx.createEventSource = function (url) {
    // Pages of different people, one signed in after the other, share nothing.
    var person = JSON.parse(document.body.getAttribute("hx-headers"))["X-Page-Of"];
    if (!navigator.locks || !window.BroadcastChannel) { return new SeenSource(url); }
    return new SharedSource(url, "plimsoll-live " + person + " " + url);
  };
})();
