import { listSessions } from "./session_list.js";
import "./theme.js";

await listSessions(document.getElementById("sessions"), document.getElementById("no-sessions"));
