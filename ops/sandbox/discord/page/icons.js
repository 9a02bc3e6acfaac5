// The page's own icons, drawn as lines: no icon font and no emoji font is needed for the frame.

const PATHS = {
  chat: "M4 5h16v11H9l-5 4z",
  people:
    "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c.4-3.6 3-5.5 6.5-5.5s6.1 1.9 6.5 5.5M16 4.3a3.5 3.5 0 0 1 0 6.4M18 14.8c2.1.7 3.3 2.5 3.5 5.2",
  tools: "M4 7h9M17 7h3M4 17h3M11 17h9M15 4.5v5M9 14.5v5",
  theme: "M12 3.5a8.5 8.5 0 1 0 0 17zM12 3.5a8.5 8.5 0 0 1 0 17",
  menu: "M4 6.5h16M4 12h16M4 17.5h16",
  thread: "M5 5h14M5 10h14M5 15h6M14 15l3 3 4-4",
  voice: "M4 10v4h3.5l4.5 4V6L7.5 10zM15.5 9a4.5 4.5 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11",
  away: "M20 14.5A8 8 0 0 1 9.5 4 8 8 0 1 0 20 14.5z",
  muted: "M9 9V6.5a3 3 0 0 1 6 0V11M15 14a3 3 0 0 1-6-1M5.5 11.5a6.5 6.5 0 0 0 11 4.5M18.5 11.5v1M12 18.5V21M4 4l16 16",
  deaf: "M4 14v-2a8 8 0 0 1 13-6M20 12v2M4 14h3v5H5a1 1 0 0 1-1-1zM17 14h3v4a1 1 0 0 1-1 1h-2zM4 4l16 16",
  leave: "M14 4H5v16h9M10 12h10M16.5 8.5 20 12l-3.5 3.5",
  news: "M4 10v4l11 4.5V5.5zM18 9.5a3.5 3.5 0 0 1 0 5M7 15l1.5 5",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  smile: "M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17zM8.5 14c1.8 2.5 5.2 2.5 7 0M9 9.5v.5M15 9.5v.5",
  reply: "M10 6 4.5 11.5 10 17M4.5 11.5H14c3.5 0 5.5 2 5.5 6",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  close: "M6 6l12 12M18 6 6 18",
  file: "M7 3.5h7l4 4v13H7zM14 3.5v4h4",
  out: "M9 5h10v10M19 5 6 18",
};

/** An icon of 1em by default, coloured as its text. */
export function icon(name, size = 18) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 24 24",
    width: size,
    height: size,
    fill: "none",
    stroke: "currentColor",
    "stroke-width": name === "more" ? 3 : 1.8,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
    class: "line",
  }))
    svg.setAttribute(key, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
