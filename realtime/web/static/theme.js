// Dark, light, or as the system; remembered in this browser.
const ORDER = ["system", "dark", "light"];
const system = matchMedia("(prefers-color-scheme: dark)");

function wanted() {
  const kept = localStorage.getItem("glimpse-theme");
  return ORDER.includes(kept) ? kept : "system";
}

function apply() {
  const choice = wanted();
  const dark = choice === "dark" || (choice === "system" && system.matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  const button = document.getElementById("theme");
  if (button) button.textContent = `Theme: ${choice}`;
  document.dispatchEvent(new Event("theme"));
}

export function turnTheme() {
  localStorage.setItem("glimpse-theme", ORDER[(ORDER.indexOf(wanted()) + 1) % ORDER.length]);
  apply();
}

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

system.addEventListener("change", apply);
document.getElementById("theme")?.addEventListener("click", turnTheme);
apply();
