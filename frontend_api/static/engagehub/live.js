/* Keeps one part of the page true: over a WebSocket that resumes from the part's position, else by asking every 15 s. */
(function () {
  "use strict";
  var POLL = 15000;
  var PATIENCE = 4000; // a socket that is not open by then is taken for failed, and polling begins
  var LONGEST = 30000;
  var GONE = [4403, 4404]; // asking again cannot help
  var WORDS = {
    connecting: "Connecting",
    open: "Live",
    polling: "Updates every 15 seconds",
    still: "Reload for news",
  };

  var part = document.querySelector("[data-live]");
  if (!part) return;
  var state = document.getElementById("live-state");
  var position = readPosition();
  var pause = 1000;
  var poller = null;
  var socket = null;

  function readPosition() {
    var holder = part.querySelector("[data-position]");
    return holder ? holder.dataset.position : "";
  }

  function show(name) {
    if (!state || state.dataset.state === name) return;
    state.dataset.state = name;
    state.querySelector("[data-live-text]").textContent = (name === "open" && state.dataset.openWord) || WORDS[name];
  }

  /* What stood there before, so that what moved can be shown. */
  function snapshot() {
    var rows = {};
    part.querySelectorAll("[data-member][data-score]").forEach(function (row) {
      rows[row.dataset.member] = row.dataset.score;
    });
    var entries = {};
    part.querySelectorAll("[data-entry]").forEach(function (entry) { entries[entry.dataset.entry] = true; });
    return { rows: rows, entries: entries };
  }

  function swap(html) {
    var focused = document.activeElement && part.contains(document.activeElement) ? document.activeElement : null;
    var link = focused && focused.getAttribute("href");
    var before = snapshot();
    part.innerHTML = html;
    window.htmx.process(part);
    part.querySelectorAll("[data-member][data-score]").forEach(function (row) {
      if (before.rows[row.dataset.member] !== row.dataset.score) row.classList.add("fresh");
    });
    part.querySelectorAll("[data-entry]").forEach(function (entry) {
      if (!before.entries[entry.dataset.entry]) entry.classList.add("fresh");
    });
    if (link) {
      var again = Array.prototype.find.call(part.querySelectorAll("a[href]"), function (candidate) {
        return candidate.getAttribute("href") === link;
      });
      if (again) again.focus({ preventScroll: true });
    }
    part.dispatchEvent(new CustomEvent("engagehub:swapped", { bubbles: true }));
  }

  function connect() {
    var scheme = window.location.protocol === "https:" ? "wss://" : "ws://";
    var query = part.dataset.query + (part.dataset.query ? "&" : "") + "after=" + encodeURIComponent(position);
    var patience = window.setTimeout(startPolling, PATIENCE);
    try {
      socket = new WebSocket(scheme + window.location.host + part.dataset.live + "?" + query);
    } catch (error) {
      window.clearTimeout(patience);
      startPolling();
      again();
      return;
    }
    socket.onmessage = function (event) {
      var news = JSON.parse(event.data);
      window.clearTimeout(patience);
      stopPolling();
      pause = 1000;
      position = news.id;
      show("open");
      if (news.html) swap(news.html);
    };
    socket.onclose = function (event) {
      window.clearTimeout(patience);
      socket = null;
      if (GONE.indexOf(event.code) >= 0) {
        show("still");
        return;
      }
      startPolling();
      again();
    };
  }

  function again() {
    window.setTimeout(connect, pause * (0.75 + Math.random() / 2));
    pause = Math.min(pause * 2, LONGEST);
  }

  function poll() {
    window.fetch(part.dataset.poll, {
      headers: { "HX-Request": "true", "HX-Target": part.id },
      credentials: "same-origin",
    }).then(function (answer) {
      return answer.ok && !answer.redirected ? answer.text() : null;
    }).then(function (html) {
      if (html === null || poller === null) return;
      swap(html);
      position = readPosition();
    }).catch(function () {
      show("connecting"); // not reachable at all; the next round asks again
    });
  }

  function startPolling() {
    if (poller !== null) return;
    show("polling");
    poller = window.setInterval(poll, POLL);
  }

  function stopPolling() {
    window.clearInterval(poller);
    poller = null;
  }

  /* A laptop that wakes up, a phone that finds its network: do not wait for the pause to end. */
  window.addEventListener("online", function () {
    pause = 1000;
    if (!socket) poll();
  });
  connect();
})();
