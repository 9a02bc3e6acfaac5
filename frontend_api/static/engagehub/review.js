/* The keys of the review queue, and the reasons that are filled in. Everything works without it, by links and buttons.

   A key counts only while nobody is typing and no dialog is open, and the keys can be switched off in their own dialog. */
(function () {
  "use strict";
  var OFF = "engagehub-review-keys";
  var help = document.getElementById("review-keys");
  var ask = document.getElementById("review-ask");
  var page = document.querySelector("[data-review]");

  function isOff() {
    try { return window.localStorage.getItem(OFF) === "off"; } catch (error) { return false; }
  }

  function isTyping(element) {
    return element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) && !/^(checkbox|radio)$/.test(element.type);
  }

  /* --- the list: j and k move through its rows, whose links hold the focus --- */
  function links() {
    return Array.prototype.slice.call(document.querySelectorAll("#list .rows tbody tr .first-cell a"));
  }

  function rowOf(link) {
    return link && link.closest("tr");
  }

  function current() {
    var marked = document.querySelector("#list .rows tr.is-current");
    return marked ? marked.querySelector(".first-cell a") : null;
  }

  function mark(link) {
    document.querySelectorAll("#list .rows tr.is-current").forEach(function (row) { row.classList.remove("is-current"); });
    if (link) rowOf(link).classList.add("is-current");
  }

  function step(by) {
    var all = links();
    if (!all.length) return;
    var at = all.indexOf(current());
    var next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + by));
    mark(all[next]);
    all[next].focus();
    all[next].scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("focusin", function (event) {
    var row = event.target.closest("#list .rows tbody tr");
    if (row) mark(row.querySelector(".first-cell a"));
  });

  function ticked() {
    return document.querySelectorAll("#list [data-bulk-one]:checked").length > 0;
  }

  function press(selector) {
    var button = document.querySelector(selector);
    if (button) button.click();
    return Boolean(button);
  }

  /* With rows ticked a key is the bulk bar's button; else it is about the row in hand. */
  function actOnList(act) {
    if (ticked()) return press("#list .bulk-acts button[value=" + act + "]");
    var link = current();
    if (!link || !ask) return false;
    if (act === "approve") {
      var approve = document.getElementById("review-approve");
      approve.action = link.pathname + "approve/";
      approve.requestSubmit();
      return true;
    }
    var form = ask.querySelector("form");
    form.action = link.pathname + (act === "reject" ? "reject/" : "ask/");
    ask.querySelectorAll("[data-ask-for]").forEach(function (part) { part.hidden = part.dataset.askFor !== act; });
    ask.querySelectorAll("[data-ask-for] input, [data-ask-for] select").forEach(function (input) {
      input.disabled = input.closest("[data-ask-for]").hidden;
    });
    ask.querySelector("[data-ask-name]").textContent = link.textContent;
    ask.showModal();
    ask.querySelector("textarea").focus();
    return true;
  }

  /* --- one submission: j and k lead to its neighbours, the others to its forms --- */
  function actOnPage(act) {
    var form = document.querySelector("form[data-act=" + act + "]");
    if (!form) return false;
    var open = form.closest("details");
    if (open) open.open = true;
    if (act === "approve" && form.checkValidity()) form.requestSubmit();
    else {
      var first = act === "approve" ? form.querySelector(":invalid:not(fieldset)") : form.querySelector("textarea");
      first.focus();
      first.scrollIntoView({ block: "nearest" });
    }
    return true;
  }

  function follow(rel) {
    var link = document.querySelector("[data-review] a[rel=" + rel + "]");
    if (link) link.click();
    return Boolean(link);
  }

  var KEYS = {
    j: function () { return page.dataset.review === "list" ? step(1) || true : follow("next"); },
    k: function () { return page.dataset.review === "list" ? step(-1) || true : follow("prev"); },
    a: function () { return act("approve"); },
    r: function () { return act("reject"); },
    i: function () { return act("ask"); },
    x: function () {
      var row = rowOf(current());
      if (row) row.querySelector("[data-bulk-one]").click();
      return Boolean(row);
    },
    u: function () { return press("[data-undo]"); },
    "?": function () {
      help.showModal();
      return true;
    },
  };

  function act(name) {
    return page.dataset.review === "list" ? actOnList(name) : actOnPage(name);
  }

  if (page && help && help.showModal) {
    document.addEventListener("keydown", function (event) {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) return;
      if (document.querySelector("dialog[open]")) return;
      var key = event.key.length === 1 ? event.key.toLowerCase() : "";
      if (!Object.prototype.hasOwnProperty.call(KEYS, key) || (isOff() && key !== "?")) return;
      if (KEYS[key]()) event.preventDefault();
    });
    document.querySelectorAll("[data-keys-open]").forEach(function (button) {
      button.addEventListener("click", function () { help.showModal(); });
    });
    document.querySelectorAll("dialog.review-dialog [data-close]").forEach(function (button) {
      button.addEventListener("click", function () { button.closest("dialog").close(); });
    });
    var toggle = help.querySelector("[data-keys-on]");
    toggle.checked = !isOff();
    toggle.addEventListener("change", function () {
      try { window.localStorage.setItem(OFF, toggle.checked ? "on" : "off"); } catch (error) { toggle.checked = true; }
    });
  }

  /* --- a ready-made reason fills the field, where it can be changed --- */
  document.addEventListener("change", function (event) {
    if (!event.target.matches("[data-reason]")) return;
    var box = event.target.form.querySelector("textarea");
    var chosen = event.target.selectedOptions[0];
    if (!chosen || !chosen.value) return;
    box.value = chosen.textContent;
    event.target.value = "";
    box.focus();
  });
})();
