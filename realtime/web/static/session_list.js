// The sessions of the folder, newest first.
export async function listSessions(list, none) {
  const answer = await fetch("/sessions.json").catch(() => null);
  if (!answer?.ok) return [];
  const found = await answer.json();
  none.hidden = found.length > 0;
  list.replaceChildren(...found.map((session) => {
    const item = document.createElement("li"), at = `/session/${encodeURIComponent(session.name)}/`;
    const link = (text, href) => Object.assign(document.createElement("a"), { textContent: text, href });
    item.append(link(session.name, at), ` ${session.micro} micro, ${session.macro} macro${session.video ? "" : ", no video kept"}`);
    if (session.report) item.append(link("report", `${at}report.html`));
    return item;
  }));
  return found;
}
