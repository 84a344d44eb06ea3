// What both identity providers share: the page with one button per user, control from the tests, and an end with them.
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';

const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
export const escape = (text) => String(text).replace(/[&<>"']/g, (character) => escapes[character]);

// One form: hidden fields that come back with the choice, and one button per user.
export function signInPage({ title, action, hidden, users }) {
  const fields = Object.entries(hidden)
    .map(([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value ?? '')}">`)
    .join('');
  const buttons = users
    .map((user) => `<p><button name="user" value="${escape(user.id)}" data-user="${escape(user.id)}">`
      + `${escape(user.email ?? user.id)}</button></p>`)
    .join('');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escape(title)}</title><h1>${escape(title)}</h1>`
    + `<form method="post" action="${escape(action)}">${fields}${buttons}`
    + '<p><button name="refuse" value="yes" data-refuse>Refuse</button></p></form></html>';
}

export async function form(request) {
  return Object.fromEntries(new URLSearchParams((await buffer(request)).toString('utf8')));
}

export async function json(request) {
  return JSON.parse((await buffer(request)).toString('utf8'));
}

export function answer(response, status, type, body) {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(body);
}

// Serves on a free loopback port; an error becomes a 500 that says what went wrong, so that a test shows it.
export function serve(handle, ready) {
  const server = createServer((request, response) => {
    Promise.resolve(handle(request, response)).catch((error) => {
      console.error(error);
      if (!response.headersSent) answer(response, 500, 'text/plain', String(error?.stack ?? error));
    });
  });
  server.listen(0, '127.0.0.1', () => ready(server.address().port));
  // Standard input closes when the tests end, however they end; nothing is left running after them.
  process.stdin.resume().on('end', () => process.exit(0)).on('error', () => process.exit(0));
}

export function sayReady(facts) {
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}
