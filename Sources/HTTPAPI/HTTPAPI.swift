// HTTPAPI: the daemon's face. Octets of HTTP/1.1 come in here and leave from here.
//
// Server/ owns sockets: listeners of every kind, TLS, one connection at a time with its limits and deadlines, trusted
// proxies. Formats/ owns bodies: JSON, XML and forms in both directions, negotiation, the one error body.
// Routes/ owns the table of endpoints and the order of the checks before a handler is asked.
// Help/ makes the API's own pages and its OpenAPI document of that table.
// Not here: what a grant means, who may log in, what a token says (Tokens, Authentication); where anything is kept.
// The program constructs `APIServer` and `AdminServer`, runs them as services, and swaps `APIState` on a reload.
